"""Why an event went where it went: every reason, from the rows that make it so."""

from datetime import timedelta

import pytest

from server.core import clock, ids
from server.core.db import db
from server.webhooks.models import Endpoint, EndpointVersion, Lane, Skip
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.webhooks.factories import evt, make_attempt, make_delivery, make_endpoint, make_event, whe
from tests.workspaces.factories import by, make_workspace, ws
from userdata.webhooks.v1 import explanation_pb2
from userdata.webhooks.v1.delivery_service_pb2 import ExplainEventRequest

METHOD = "userdata.webhooks.v1.DeliveryService/ExplainEvent"
HOUR = timedelta(hours=1)
LONG_AGO = timedelta(days=2)


@pytest.fixture
def endpoint(acme):
    return make_endpoint(acme, create_time=clock.now() - LONG_AGO)


@pytest.fixture
def event(acme, endpoint):
    return make_event(acme)


@pytest.fixture
def explain(ada, acme, event):
    """The explanation of Acme's event for its one endpoint: the word, and all of it."""

    def call(which=None):
        request = ExplainEventRequest(workspace_id=ws(acme), event_id=evt(which or event))
        (found,) = by(ada)(METHOD, request).explanations
        return explanation_pb2.Reason.Name(found.reason).removeprefix("REASON_"), found

    return call


def alter_lane(endpoint, **values):
    Lane.update(**values).where(Lane.endpoint == endpoint.id).execute()


def alter(endpoint, **values):
    Endpoint.update(**values).where(Endpoint.id == endpoint.id).execute()


def as_then(endpoint, **values):
    EndpointVersion.update(**values).where(EndpointVersion.endpoint == endpoint.id).execute()


def skip(endpoint, event, reason):
    Skip.create(
        event_id=event.id,
        endpoint_id=endpoint.id,
        event_time=event.create_time,
        workspace_id=event.workspace_id,
        reason=reason,
    )


def test_delivered(explain, endpoint, event):
    make_delivery(endpoint, event, "SUCCEEDED", attempts=2)
    make_attempt(endpoint, event, 1, status=500, error="HTTP_STATUS")
    make_attempt(endpoint, event, 2)
    word, found = explain()
    assert word == "DELIVERED"
    assert found.sentence.startswith("The endpoint answered with status 200 to attempt 2 at ")
    assert found.delivery.attempt_count == 2
    assert found.last_attempt.number == 2


def test_pending(explain, endpoint, event):
    make_delivery(endpoint, event, "PENDING")
    word, found = explain()
    assert word == "PENDING"
    assert found.HasField("next_attempt_time")
    assert not found.HasField("last_attempt")


def test_delivering(explain, endpoint, event):
    make_delivery(endpoint, event, "DELIVERING", attempts=1, claim=ids.new(), lease_time=clock.now() + HOUR)
    word, found = explain()
    assert (word, found.sentence) == ("DELIVERING", "Attempt 2 is being made.")


def test_retrying(explain, endpoint, event):
    due = clock.now() + HOUR
    make_delivery(endpoint, event, "RETRYING", due_time=due)
    make_attempt(endpoint, event, status=503, error="HTTP_STATUS")
    word, found = explain()
    assert word == "RETRYING"
    assert found.sentence.startswith("Attempt 1 failed (HTTP_STATUS 503); the next one is due at ")
    assert found.next_attempt_time.ToDatetime(tzinfo=due.tzinfo) == due


def test_failed(explain, endpoint, event):
    make_delivery(endpoint, event, "FAILED", attempts=10)
    make_attempt(endpoint, event, 10, status=None, error="TIMEOUT")
    word, found = explain()
    assert (word, found.sentence) == ("FAILED", "Attempt 10 failed (TIMEOUT); it was the last one.")


@pytest.mark.parametrize(("attempts", "told"), [(0, "0 attempts"), (1, "1 attempt"), (2, "2 attempts")])
def test_cancelled(explain, endpoint, event, attempts, told):
    make_delivery(endpoint, event, "CANCELLED", attempts=attempts)
    word, found = explain()
    assert word == "CANCELLED"
    assert found.sentence.endswith(f", after {told}.")


def test_held_because_paused(explain, endpoint, event):
    alter(endpoint, state="PAUSED")
    alter_lane(endpoint, blocked_time="infinity", due_time="infinity")
    make_delivery(endpoint, event, "HELD")
    word, found = explain()
    assert word == "HELD_PAUSED"
    assert not found.HasField("next_attempt_time")


def test_waiting_for_an_earlier_event_of_the_same_key(explain, acme, endpoint, event):
    first, later = make_event(acme), make_event(acme)
    make_delivery(endpoint, first, "RETRYING", ordering_key="a", due_time=clock.now() + HOUR)
    make_delivery(endpoint, event, "PENDING", ordering_key="a", due_time="infinity")
    make_delivery(endpoint, later, "PENDING", ordering_key="a", due_time="infinity")
    word, found = explain()
    assert (word, found.blocking_event_id) == ("WAITING_FOR_ORDER", evt(first))
    assert explain(later)[1].blocking_event_id == evt(first)
    assert explain(first)[1].blocking_event_id == ""


def test_breaker_open(explain, endpoint, event):
    probe = clock.now() + HOUR
    make_delivery(endpoint, event, "RETRYING")
    alter_lane(endpoint, breaker="OPEN", blocked_time=probe, due_time=probe)
    word, found = explain()
    assert word == "BREAKER_OPEN"
    assert found.next_attempt_time.ToDatetime(tzinfo=probe.tzinfo) == probe


def test_throttled(explain, endpoint, event):
    free = clock.now() + timedelta(seconds=5)
    make_delivery(endpoint, event, "PENDING")
    alter_lane(endpoint, blocked_time=free, due_time=free)
    word, found = explain()
    assert word == "THROTTLED"
    assert found.next_attempt_time.ToDatetime(tzinfo=free.tzinfo) == free


def test_a_retry_that_is_due_after_the_block_only_retries(explain, endpoint, event):
    make_delivery(endpoint, event, "RETRYING", due_time=clock.now() + HOUR)
    make_attempt(endpoint, event, status=500, error="HTTP_STATUS")
    alter_lane(endpoint, breaker="OPEN", blocked_time=clock.now() + timedelta(seconds=30))
    assert explain()[0] == "RETRYING"


@pytest.mark.parametrize("reason", ["FILTERED", "FILTER_FAILED", "DISABLED"])
def test_what_the_fan_out_noted(explain, endpoint, event, reason):
    skip(endpoint, event, reason)
    assert explain()[0] == reason


@pytest.mark.parametrize(
    ("types", "channels", "expected"),
    [
        (["order.sent", "user.*"], [], "NOT_SUBSCRIBED"),
        (["order.*"], ["eu"], "CHANNEL_MISMATCH"),
        (["order.paid"], ["us", "eu"], "CHANNEL_MISMATCH"),
        (["order.*"], ["asia"], "MISSING"),
        ([], [], "MISSING"),
    ],
)
def test_what_did_not_fit(explain, acme, endpoint, types, channels, expected):
    event = make_event(acme, channels=["asia"])
    as_then(endpoint, event_types=types, channels=channels)
    assert explain(event)[0] == expected


def test_the_endpoint_is_judged_as_it_was_then(explain, endpoint, event):
    """It subscribed to something else, and was changed to fit only after the event."""
    as_then(endpoint, event_types=["user.*"], end_time=clock.now())
    kept = EndpointVersion.get(EndpointVersion.endpoint == endpoint.id).__data__
    EndpointVersion.insert({**kept, "revision": 2, "event_types": [], "create_time": clock.now() + HOUR}).execute()
    word, found = explain()
    assert (word, found.sentence) == ("NOT_SUBSCRIBED", "The endpoint subscribed to user.*, not to order.paid.")


def test_created_later(ada, acme):
    event = make_event(acme, at=clock.now() - HOUR)
    endpoint = make_endpoint(acme)
    (found,) = by(ada)(METHOD, ExplainEventRequest(workspace_id=ws(acme), event_id=evt(event))).explanations
    assert (found.endpoint_id, found.reason) == (whe(endpoint), explanation_pb2.REASON_CREATED_LATER)


def test_not_handed_out_yet(ada, acme, endpoint):
    event = make_event(acme, fed=False)
    answer = by(ada)(METHOD, ExplainEventRequest(workspace_id=ws(acme), event_id=evt(event)))
    assert [each.reason for each in answer.explanations] == [explanation_pb2.REASON_NOT_DRAINED_YET]
    assert not answer.HasField("feed_time")


def test_a_test_of_another_endpoint(ada, acme, endpoint):
    event = make_event(acme, "webhook.test", fed=False)
    other = make_endpoint(acme)
    make_delivery(other, event, "SUCCEEDED", trigger="TEST")
    answer = by(ada)(METHOD, ExplainEventRequest(workspace_id=ws(acme), event_id=evt(event)))
    assert {each.endpoint_id: each.reason for each in answer.explanations} == {
        whe(other): explanation_pb2.REASON_DELIVERED,
        whe(endpoint): explanation_pb2.REASON_TEST_OF_ANOTHER,
    }


def test_expired_with_the_payload_gone(explain, endpoint, event):
    make_delivery(endpoint, event, "RETRYING")
    db.execute_sql("SET LOCAL ROLE NONE")
    db.execute_sql("DELETE FROM event WHERE id = %s", (event.id,))
    db.execute_sql("SET LOCAL ROLE userdata_app")
    assert explain()[0] == "EXPIRED"


def test_expired_before_an_attempt_could_be_made(explain, endpoint, event):
    make_delivery(endpoint, event, "FAILED", attempts=1)
    make_attempt(endpoint, event, status=None, error="EXPIRED")
    assert explain()[0] == "EXPIRED"


def test_tells_of_endpoints_of_then_and_now_the_newest_first(ada, acme, endpoint):
    event = make_event(acme, at=clock.now() - HOUR)
    gone_before = make_endpoint(acme, create_time=clock.now() - LONG_AGO, delete_time=clock.now() - 2 * HOUR)
    gone_after = make_endpoint(acme, create_time=clock.now() - LONG_AGO, delete_time=clock.now())
    later = make_endpoint(acme)
    answer = by(ada)(METHOD, ExplainEventRequest(workspace_id=ws(acme), event_id=evt(event)))
    told = [(each.endpoint_id, each.endpoint_deleted) for each in answer.explanations]
    assert told == [(whe(later), False), (whe(gone_after), True), (whe(endpoint), False)]
    assert whe(gone_before) not in [each for each, _ in told]
    assert answer.feed_time.ToDatetime(tzinfo=event.create_time.tzinfo) == event.create_time


def test_an_event_of_another_workspace_is_not_there(endpoint, event):
    eve = make_person()
    other = make_workspace(eve)
    with pytest.raises(RpcError) as error:
        by(eve)(METHOD, ExplainEventRequest(workspace_id=ws(other), event_id=evt(event)))
    assert error.value.reason == "NOT_FOUND"


def test_an_event_that_never_was_is_not_there(ada, acme, endpoint):
    with pytest.raises(RpcError) as error:
        by(ada)(METHOD, ExplainEventRequest(workspace_id=ws(acme), event_id=ids.encode("evt", ids.new())))
    assert error.value.reason == "NOT_FOUND"
