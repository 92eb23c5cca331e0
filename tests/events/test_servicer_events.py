"""EventService as its callers see it."""

from datetime import UTC, datetime, timedelta

import pytest

from server.core import clock, ids, structs
from server.events.service import reading
from server.workspaces.roles import Role
from tests.accounts.factories import make_person
from tests.events.factories import (
    EVENTS,
    ORDER,
    event,
    list_events,
    make_type,
    publish,
    publish_all,
)
from tests.support.client import RpcError
from tests.workspaces.factories import Caller, by, make_key, make_member, make_workspace, ws
from userdata.events.v1.event_service_pb2 import GetEventRequest, PublishEventRequest
from userdata.workspaces.v1.workspace_service_pb2 import UpdateWorkspaceRequest


def request(workspace, wanted):
    return PublishEventRequest(workspace_id=ws(workspace), event=wanted)


def violations(refused):
    return list(refused.value.violations.items())


def get(person, workspace, event_id):
    return by(person)(EVENTS + "GetEvent", GetEventRequest(workspace_id=ws(workspace), event_id=event_id))


@pytest.fixture
def typed(ada, acme):
    make_type(ada, acme, schema=ORDER)


@pytest.mark.usefixtures("typed")
class TestPublishing:
    def test_gives_back_the_event_as_it_can_be_read(self, ada, acme):
        data = {"amount": 4200, "rate": 0.25, "lines": [{"sku": "a", "gift": True, "note": None}], "größe": "\u2028"}
        published = publish(
            ada, acme, data=data, channels=["eu"], ordering_key="order_1", dedupe_key="payment_1", subject="order_1"
        )
        assert published.workspace_id == ws(acme)
        assert structs.to_dict(published.data) == data
        assert (published.sequence, published.dedupe_key, list(published.channels)) == (1, "payment_1", ["eu"])
        assert published.actor.startswith("ses_") or published.actor.startswith("usr_")
        assert published.create_time.ToDatetime(UTC) == ids.time_of(ids.decode("evt", published.id))
        assert get(ada, acme, published.id) == published

    def test_takes_nothing_that_is_for_the_product_to_say(self, ada, acme):
        published = publish(ada, acme, id="evt_1", workspace_id="ws_1", actor="me", request_id="x", sequence=7)
        assert published.workspace_id == ws(acme)
        assert published.id != "evt_1"
        assert published.sequence == 0
        assert published.actor != "me"
        assert get(ada, acme, published.id) == published

    def test_takes_an_event_without_data_when_the_type_has_no_schema(self, ada, acme):
        make_type(ada, acme, name="order.seen")
        published = publish(ada, acme, type="order.seen", data={})
        assert structs.to_dict(get(ada, acme, published.id).data) == {}

    def test_refuses_a_type_that_is_not_in_the_catalogue(self, ada, acme):
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, type="order.lost")
        assert (refused.value.reason, refused.value.code) == ("EVENT_TYPE_UNKNOWN", "INVALID_ARGUMENT")
        assert refused.value.metadata == {"type": "order.lost"}

    @pytest.mark.parametrize("name", ["workspace.created", "user.signed_up", "webhook.anything"])
    def test_refuses_what_only_the_product_publishes(self, ada, acme, name):
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, type=name)
        assert refused.value.reason == "EVENT_TYPE_RESERVED"

    def test_refuses_data_that_does_not_match_and_says_where(self, ada, acme):
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, data={"amount": -1, "lines": [{}, 3]})
        assert refused.value.reason == "EVENT_DATA_INVALID"
        assert {field for field, _ in violations(refused)} == {"event.data/amount", "event.data/lines/1"}

    def test_never_shows_the_data_that_does_not_match(self, ada, acme):
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, data={"amount": "s3cret"})
        assert "s3cret" not in str(violations(refused))

    def test_refuses_data_above_256_kib(self, ada, acme):
        publish(ada, acme, data={"amount": 1, "text": "x" * 262_000})
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, data={"amount": 1, "text": "x" * 262_144})
        assert (refused.value.reason, violations(refused)[0][0]) == ("VALIDATION_FAILED", "event.data")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"type": "Order.Paid"},
            {"type": ""},
            {"channels": ["a b"]},
            {"channels": ["a", "a"]},
            {"channels": [str(number) for number in range(11)]},
            {"subject": "x" * 257},
            {"ordering_key": "x" * 129},
            {"dedupe_key": "a\0"},
            {"data": {"amount": float("inf")}},
            {"data": {"deep": [{"text": "a\0b"}]}},
            {"data": {"a\0b": 1}},
        ],
    )
    def test_refuses_what_breaks_the_rules(self, ada, acme, wrong):
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, **wrong)
        assert refused.value.reason == "VALIDATION_FAILED"
        assert violations(refused)[0][0].startswith(f"event.{next(iter(wrong))}")

    def test_repeats_a_dedupe_key_with_the_first_event(self, ada, acme):
        first = publish(ada, acme, dedupe_key="once", data={"amount": 1, "a": {"x": 1, "y": 2}})
        again = publish(ada, acme, dedupe_key="once", data={"a": {"y": 2, "x": 1}, "amount": 1.0})
        assert again == first
        assert len(list_events(ada, acme, filter="type = order.paid").events) == 1

    def test_refuses_a_dedupe_key_that_says_something_else(self, ada, acme):
        first = publish(ada, acme, dedupe_key="once")
        with pytest.raises(RpcError) as refused:
            publish(ada, acme, dedupe_key="once", data={"amount": 1})
        assert (refused.value.reason, refused.value.code) == ("DEDUPE_KEY_REUSED", "ALREADY_EXISTS")
        assert refused.value.metadata == {"event_id": first.id}

    def test_an_api_key_publishes_within_its_scopes(self, ada, acme):
        _, key = make_key(acme, ada, "events.publish")
        published = Caller(key)(EVENTS + "PublishEvent", request(acme, event()))
        assert published.actor.startswith("key_")
        _, other = make_key(acme, ada, "events.read")
        with pytest.raises(RpcError) as refused:
            Caller(other)(EVENTS + "PublishEvent", request(acme, event()))
        assert refused.value.code == "PERMISSION_DENIED"


@pytest.mark.usefixtures("typed")
class TestPublishingBatches:
    def test_keeps_all_in_order(self, ada, acme):
        wanted = [event(data={"amount": number}, ordering_key="a") for number in range(5)]
        published = publish_all(ada, acme, *wanted)
        assert [each.sequence for each in published] == [1, 2, 3, 4, 5]
        assert [each.id for each in published] == sorted(each.id for each in published)
        assert not any(each.HasField("data") for each in published)
        listed = list_events(ada, acme, filter="type = order.paid").events
        assert [structs.to_dict(each.data)["amount"] for each in listed] == [4, 3, 2, 1, 0]

    def test_takes_500_and_no_more(self, ada, acme):
        assert len(publish_all(ada, acme, *[event()] * 500)) == 500
        with pytest.raises(RpcError) as refused:
            publish_all(ada, acme, *[event()] * 501)
        assert refused.value.reason == "VALIDATION_FAILED"
        with pytest.raises(RpcError) as refused:
            publish_all(ada, acme)
        assert refused.value.reason == "VALIDATION_FAILED"

    def test_names_every_event_that_is_refused_and_keeps_none(self, ada, acme):
        wrong = [event(), event(data={"amount": -1}), event(type="order.lost"), event(), event(type="user.created")]
        with pytest.raises(RpcError) as refused:
            publish_all(ada, acme, *wrong)
        assert refused.value.reason == "EVENT_DATA_INVALID"
        assert [field for field, _ in violations(refused)] == [
            "events[1].data/amount",
            "events[2].type",
            "events[4].type",
        ]
        assert not list_events(ada, acme, filter="type = order.paid").events

    def test_names_the_events_whose_dedupe_key_is_taken(self, ada, acme):
        publish(ada, acme, dedupe_key="once")
        other = event(dedupe_key="once", data={"amount": 1})
        with pytest.raises(RpcError) as refused:
            publish_all(ada, acme, event(), other, event(dedupe_key="new"), other)
        assert refused.value.reason == "DEDUPE_KEY_REUSED"
        assert [field for field, _ in violations(refused)] == ["events[1].dedupe_key", "events[3].dedupe_key"]
        assert len(list_events(ada, acme, filter="type = order.paid").events) == 1

    def test_gives_the_first_event_for_repeats(self, ada, acme):
        first = publish(ada, acme, dedupe_key="once", ordering_key="a")
        one, two = publish_all(ada, acme, event(ordering_key="a"), event(dedupe_key="once", ordering_key="a"))
        assert two.id == first.id
        assert (two.sequence, one.sequence) == (1, 2)


@pytest.mark.usefixtures("typed")
class TestReading:
    def test_of_another_workspace_nothing_is_seen(self, ada, acme):
        published = publish(ada, acme)
        eve = make_person("eve@example.com")
        other = make_workspace(eve)
        with pytest.raises(RpcError) as refused:
            get(eve, other, published.id)
        assert refused.value.reason == "NOT_FOUND"
        assert published.id not in [each.id for each in list_events(eve, other).events]
        with pytest.raises(RpcError) as refused:
            list_events(eve, acme)
        assert refused.value.reason == "NOT_FOUND"

    def test_viewers_read_and_do_not_publish(self, ada, acme):
        viewer = make_member(acme, Role.VIEWER)
        published = publish(ada, acme)
        assert get(viewer, acme, published.id) == published
        with pytest.raises(RpcError) as refused:
            publish(viewer, acme)
        assert refused.value.code == "PERMISSION_DENIED"

    @pytest.mark.parametrize("event_id", ["evt_01jbrk8xw7e5tvh2c9n4m6q0za", "evt_7zzzzzzzzzzzzzzzzzzzzzzzzz"])
    def test_what_is_not_there_is_not_found(self, ada, acme, event_id):
        with pytest.raises(RpcError) as refused:
            get(ada, acme, event_id)
        assert refused.value.reason == "NOT_FOUND"

    def test_pages_hold_every_event_once_the_newest_first(self, ada, acme):
        start = datetime.now(UTC) - timedelta(days=3)
        made = []
        for number in range(7):
            with clock.frozen(start + timedelta(hours=11 * number)):
                made.append(publish(ada, acme, data={"amount": number}).id)
        found, token = [], ""
        while True:
            page = list_events(ada, acme, filter="type = order.paid", page_size=3, page_token=token)
            found += [each.id for each in page.events]
            token = page.next_page_token
            if not token:
                break
        assert found == list(reversed(made))

    def test_filters_by_type_subject_and_time(self, ada, acme):
        make_type(ada, acme, name="order.sent")
        make_type(ada, acme, name="orders.paid")
        paid = publish(ada, acme, subject="order_1").id
        sent = publish(ada, acme, type="order.sent", subject="order_1").id
        other = publish(ada, acme, type="orders.paid", subject="order 2").id
        since = get(ada, acme, paid).create_time.ToJsonString()

        def found(text):
            return [each.id for each in list_events(ada, acme, filter=text).events]

        assert found("type = order.paid") == [paid]
        assert found("type = order.*") == [sent, paid]
        assert found("type = order.* AND type = order.paid") == [paid]
        assert found("type = nothing.*") == []
        assert found("subject = order_1") == [sent, paid]
        assert found('subject = "order 2"') == [other]
        assert found("subject = order_1 AND type = order.sent") == [sent]
        assert found("subject = order_1 AND subject = order_2") == []
        assert found(f"create_time >= {since} AND type = order.paid") == [paid]
        assert found(f"create_time < {since} AND type = order.paid") == []
        assert "workspace.created" not in [each.type for each in list_events(ada, acme, filter="type = order.*").events]

    @pytest.mark.parametrize("text", ["type != order.paid", "actor = me", "create_time = now", "type"])
    def test_refuses_filters_that_it_does_not_know(self, ada, acme, text):
        with pytest.raises(RpcError) as refused:
            list_events(ada, acme, filter=text)
        assert refused.value.reason == "FILTER_INVALID"

    def test_a_page_of_large_events_is_short_and_goes_on(self, ada, acme, monkeypatch):
        monkeypatch.setattr(reading, "_BYTES", 5000)
        made = [publish(ada, acme, data={"amount": 1, "text": "x" * 2000}).id for _ in range(5)]
        found, token = [], ""
        for _ in range(4):
            page = list_events(ada, acme, filter="type = order.paid", page_token=token)
            assert len(page.events) <= 2
            found += [each.id for each in page.events]
            token = page.next_page_token
            if not token:
                break
        assert found == list(reversed(made))

    def test_lists_what_the_product_published_too(self, ada, acme):
        publish(ada, acme)
        rename = UpdateWorkspaceRequest(workspace_id=ws(acme), workspace={"name": "Acme"})
        by(ada)("userdata.workspaces.v1.WorkspaceService/UpdateWorkspace", rename)
        assert [each.type for each in list_events(ada, acme).events] == ["workspace.updated", "order.paid"]
