"""Callers at once: one event for a dedupe key, one type for a name, sequences without gaps."""

from collections import Counter
from functools import partial

import pytest

from server.core import tenancy
from tests.accounts.factories import make_person
from tests.events.factories import TYPES, event, event_type, list_events, make_type, publish, publish_all
from tests.support.parallel import endings
from tests.workspaces.factories import by, make_workspace, ws
from userdata.events.v1.event_type_service_pb2 import CreateEventTypeRequest, UpdateEventTypeRequest


@pytest.fixture
def ada(committed):
    with tenancy.transaction():
        return make_person()


@pytest.fixture
def acme(ada):
    with tenancy.transaction():
        return make_workspace(ada)


def test_fifty_calls_with_one_dedupe_key_publish_one_event_and_all_get_it(ada, acme):
    make_type(ada, acme)
    got = []
    results = endings([lambda: got.append(publish(ada, acme, dedupe_key="once", ordering_key="a"))] * 50)
    assert results == ["OK"] * 50
    assert len({each.SerializeToString(deterministic=True) for each in got}) == 1
    assert [each.id for each in list_events(ada, acme, filter="type = order.paid").events] == [got[0].id]


def test_of_calls_that_say_different_things_under_one_key_one_wins(ada, acme):
    make_type(ada, acme)
    calls = [lambda n=n: publish(ada, acme, dedupe_key="once", data={"amount": n}) for n in range(8)]
    assert Counter(endings(calls)) == {"OK": 1, "DEDUPE_KEY_REUSED": 7}


def test_batches_at_once_number_a_key_without_gaps(ada, acme):
    make_type(ada, acme)
    wanted = [event(ordering_key=key) for key in "abab"]
    assert endings([lambda: publish_all(ada, acme, *wanted), lambda: publish_all(ada, acme, *reversed(wanted))] * 4)
    events = list_events(ada, acme, filter="type = order.paid", page_size=100).events
    for key in "ab":
        assert sorted(each.sequence for each in events if each.ordering_key == key) == list(range(1, 17))


def test_a_name_is_created_once(ada, acme):
    request = CreateEventTypeRequest(workspace_id=ws(acme), event_type=event_type())
    results = endings([lambda: by(ada)(TYPES + "CreateEventType", request)] * 8)
    assert Counter(results) == {"OK": 1, "EVENT_TYPE_EXISTS": 7}


def test_each_change_of_a_schema_has_a_version_of_its_own(ada, acme):
    make_type(ada, acme)
    versions = []

    def change(number):
        wanted = event_type(schema={"maxProperties": number})
        request = UpdateEventTypeRequest(
            workspace_id=ws(acme), name="order.paid", event_type=wanted, update_mask={"paths": ["schema"]}
        )
        versions.append(by(ada)(TYPES + "UpdateEventType", request).version)

    assert endings([partial(change, number) for number in range(1, 7)]) == ["OK"] * 6
    assert sorted(versions) == [2, 3, 4, 5, 6, 7]
