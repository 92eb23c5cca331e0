"""Reading deliveries and attempts, retrying and cancelling: as the methods answer, with real rows."""

from datetime import timedelta

import pytest

from server.core import clock, ids
from server.core.db import db
from server.webhooks.models import Attempt, Lane, OpenDelivery
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.webhooks.factories import (
    evt,
    finished_rows,
    make_attempt,
    make_delivery,
    make_endpoint,
    make_event,
    open_rows,
    whe,
)
from tests.workspaces.factories import by, make_workspace, ws
from userdata.webhooks.v1 import delivery_pb2
from userdata.webhooks.v1 import delivery_service_pb2 as pb

SERVICE = "userdata.webhooks.v1.DeliveryService/"
HOUR = timedelta(hours=1)


@pytest.fixture
def endpoint(acme):
    return make_endpoint(acme)


@pytest.fixture
def ask(ada, acme, endpoint):
    """Calls a method about Acme's endpoint, unless the call names others."""

    def call(method, event=None, *, by_=ada, **fields):
        request = getattr(pb, f"{method}Request")
        named = {"workspace_id": ws(acme)}
        if "endpoint_id" in request.DESCRIPTOR.fields_by_name:
            named["endpoint_id"] = whe(endpoint)
        if event is not None:
            named["event_id"] = evt(event)
        return by(by_)(SERVICE + method, request(**(named | fields)))

    return call


def refusal(ask, *arguments, **fields):
    with pytest.raises(RpcError) as error:
        ask(*arguments, **fields)
    return error.value.reason


def due_time(endpoint):
    return Lane.get(Lane.endpoint == endpoint.id).due_time


class TestGet:
    def test_a_finished_one(self, ask, acme, endpoint):
        event = make_event(acme, at=clock.now() - timedelta(days=3))
        make_delivery(endpoint, event, attempts=4, ordering_key="order-7", trigger="REPLAY", replay_id=ids.new())
        found = ask("GetDelivery", event)
        assert (found.endpoint_id, found.event_id, found.workspace_id) == (whe(endpoint), evt(event), ws(acme))
        assert found.event_type == "order.paid"
        assert found.state == delivery_pb2.DELIVERY_STATE_SUCCEEDED
        assert found.trigger == delivery_pb2.DELIVERY_TRIGGER_REPLAY
        assert (found.attempt_count, found.ordering_key) == (4, "order-7")
        assert found.replay_id.startswith("whr_")
        assert not found.HasField("next_attempt_time")

    @pytest.mark.parametrize("state", ["PENDING", "DELIVERING", "RETRYING", "HELD"])
    def test_an_open_one_tells_when_it_is_due_while_it_waits(self, ask, acme, endpoint, state):
        due = clock.now() + HOUR
        event = make_event(acme)
        make_delivery(endpoint, event, state, due_time=due)
        found = ask("GetDelivery", event)
        assert found.state == delivery_pb2.DeliveryState.Value(f"DELIVERY_STATE_{state}")
        assert found.HasField("next_attempt_time") == (state in {"PENDING", "RETRYING"})

    def test_one_that_waits_for_another_has_no_time(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event, "PENDING", due_time="infinity", ordering_key="a")
        assert not ask("GetDelivery", event).HasField("next_attempt_time")

    def test_one_that_is_not_there(self, ask, acme):
        assert refusal(ask, "GetDelivery", make_event(acme)) == "NOT_FOUND"


class TestListOfEndpoint:
    def test_open_and_finished_ones_page_as_one_list(self, ask, acme, endpoint):
        now = clock.now()
        states = ["PENDING", "SUCCEEDED", "FAILED", "RETRYING", "SUCCEEDED", "HELD", "CANCELLED"]
        events = [make_event(acme, at=now - age * HOUR * 30) for age in range(len(states))]
        for event, state in zip(events, states, strict=True):
            make_delivery(endpoint, event, state)
        make_delivery(make_endpoint(acme), events[0])
        seen, token = [], ""
        while True:
            answer = ask("ListEndpointDeliveries", page_size=2, page_token=token)
            seen += [(each.event_id, delivery_pb2.DeliveryState.Name(each.state)) for each in answer.deliveries]
            token = answer.next_page_token
            if not token:
                break
        assert seen == [(evt(event), f"DELIVERY_STATE_{state}") for event, state in zip(events, states, strict=True)]

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ("state = DELIVERY_STATE_FAILED", [2]),
            ("state = DELIVERY_STATE_PENDING", [0]),
            ("state != DELIVERY_STATE_SUCCEEDED", [0, 2]),
            ("state = DELIVERY_STATE_FAILED AND state = DELIVERY_STATE_PENDING", []),
            ("event_type = order.paid", [1]),
            ("event_type != order.paid", [0, 2]),
            ("event_type = order.paid AND event_type = order.sent", []),
            ("state = DELIVERY_STATE_FAILED AND event_type = order.sent", [2]),
        ],
    )
    def test_filters_by_state_and_type(self, ask, acme, endpoint, wanted, expected):
        kinds = [("PENDING", "order.sent"), ("SUCCEEDED", "order.paid"), ("FAILED", "order.sent")]
        events = [make_event(acme, kind, at=clock.now() - age * HOUR) for age, (_, kind) in enumerate(kinds)]
        for event, (state, _) in zip(events, kinds, strict=True):
            make_delivery(endpoint, event, state)
        found = ask("ListEndpointDeliveries", filter=wanted).deliveries
        assert [each.event_id for each in found] == [evt(events[place]) for place in expected]

    def test_filters_by_time_from_a_moment_on_and_before_another(self, ask, acme, endpoint):
        now = clock.now()
        events = [make_event(acme, at=now - age * HOUR) for age in range(4)]
        for event, state in zip(events, ["PENDING", "SUCCEEDED", "FAILED", "FAILED"], strict=True):
            make_delivery(endpoint, event, state)
        since, before = events[2].create_time.isoformat(), events[0].create_time.isoformat()
        found = ask("ListEndpointDeliveries", filter=f"event_time >= {since} AND event_time < {before}").deliveries
        assert [each.event_id for each in found] == [evt(events[1]), evt(events[2])]

    @pytest.mark.parametrize(
        "wanted", ["state = LOST", "state >= DELIVERY_STATE_FAILED", "colour = red", "event_time >= soon"]
    )
    def test_refuses_other_filters(self, ask, wanted):
        assert refusal(ask, "ListEndpointDeliveries", filter=wanted) == "FILTER_INVALID"

    def test_of_an_endpoint_that_is_not_there(self, ask):
        assert refusal(ask, "ListEndpointDeliveries", endpoint_id=ids.encode("whe", ids.new())) == "NOT_FOUND"


def test_the_deliveries_of_an_event_page_by_endpoint(ask, acme, endpoint):
    event = make_event(acme)
    endpoints = [endpoint, *(make_endpoint(acme) for _ in range(3))]
    for each, state in zip(endpoints, ["SUCCEEDED", "PENDING", "FAILED", "HELD"], strict=True):
        make_delivery(each, event, state)
    make_delivery(endpoint, make_event(acme))
    first = ask("ListEventDeliveries", event, page_size=3)
    second = ask("ListEventDeliveries", event, page_size=3, page_token=first.next_page_token)
    assert [each.endpoint_id for each in first.deliveries] == [whe(each) for each in endpoints[:3]]
    assert [each.endpoint_id for each in second.deliveries] == [whe(endpoints[3])]
    assert not second.next_page_token


class TestAttempts:
    def test_tell_all_that_was_recorded(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event)
        start = clock.now()
        make_attempt(
            endpoint,
            event,
            start_time=start,
            dns_ms=1.5,
            connect_ms=2.0,
            tls_ms=3.25,
            trigger="MANUAL",
            resent=True,
            detail="X.",
        )
        (found,) = ask("ListAttempts", event).attempts
        assert (found.number, found.trigger) == (1, delivery_pb2.DELIVERY_TRIGGER_MANUAL)
        assert found.start_time.ToDatetime(tzinfo=start.tzinfo) == start
        durations = (found.dns_duration, found.connect_duration, found.tls_duration, found.first_byte_duration)
        assert [each.ToTimedelta() / timedelta(milliseconds=1) for each in durations] == [1.5, 2, 3.25, 64]
        assert found.total_duration.ToTimedelta() == timedelta(milliseconds=65.25)
        assert (found.status_code, found.error, found.address) == (200, "", "203.0.113.7")
        assert dict(found.response_headers) == {"content-type": "text/plain"}
        assert found.response_body == b"ok"
        assert (found.resent, found.detail) == (True, "X.")

    def test_of_one_without_an_answer_leave_out_what_was_not(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event, "RETRYING")
        make_attempt(endpoint, event, status=None, error="TIMEOUT", first_byte_ms=None)
        (found,) = ask("ListAttempts", event).attempts
        assert found.error == "TIMEOUT"
        assert not any(found.HasField(name) for name in ("status_code", "first_byte_duration", "dns_duration"))

    def test_page_from_the_newest(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event)
        for number in range(1, 6):
            make_attempt(endpoint, event, number)
        first = ask("ListAttempts", event, page_size=3)
        second = ask("ListAttempts", event, page_size=3, page_token=first.next_page_token)
        assert [each.number for each in (*first.attempts, *second.attempts)] == [5, 4, 3, 2, 1]

    def test_of_a_delivery_that_is_not_there(self, ask, acme):
        assert refusal(ask, "ListAttempts", make_event(acme)) == "NOT_FOUND"


class TestRetry:
    @pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
    def test_a_finished_one_is_open_again_and_due(self, ask, acme, endpoint, state):
        event = make_event(acme)
        made = make_delivery(endpoint, event, state, attempts=10, revision=1, create_time=clock.now() - HOUR)
        found = ask("RetryDelivery", event)
        assert found.state == delivery_pb2.DELIVERY_STATE_PENDING
        assert found.trigger == delivery_pb2.DELIVERY_TRIGGER_MANUAL
        assert found.attempt_count == 10
        (row,) = open_rows(endpoint)
        assert (row.tries, row.attempts, row.revision, row.claim) == (0, 10, None, None)
        assert row.create_time == made.create_time
        assert row.due_time <= clock.now()
        assert finished_rows(endpoint) == []
        assert due_time(endpoint) <= clock.now()

    def test_one_that_waits_for_its_next_attempt_gets_it_now(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event, "RETRYING", due_time=clock.now() + HOUR, tries=3, attempts=3)
        found = ask("RetryDelivery", event)
        assert found.trigger == delivery_pb2.DELIVERY_TRIGGER_MANUAL
        (row,) = open_rows(endpoint)
        assert (row.state, row.tries) == ("RETRYING", 3)
        assert row.due_time <= clock.now()
        assert due_time(endpoint) <= clock.now()

    @pytest.mark.parametrize("state", ["PENDING", "HELD"])
    def test_one_that_had_no_attempt_yet_stays_as_it_is(self, ask, acme, endpoint, state):
        event = make_event(acme)
        make_delivery(endpoint, event, state)
        assert ask("RetryDelivery", event).trigger == delivery_pb2.DELIVERY_TRIGGER_AUTOMATIC

    def test_is_refused_while_an_attempt_is_made(self, ask, acme, endpoint):
        event = make_event(acme)
        claim = ids.new()
        make_delivery(endpoint, event, "DELIVERING", claim=claim, lease_time=clock.now() + HOUR)
        assert refusal(ask, "RetryDelivery", event) == "DELIVERY_OPEN"
        assert [row.claim for row in open_rows(endpoint)] == [claim]

    def test_a_paused_endpoint_gets_it_once_it_is_resumed(self, ask, acme):
        paused = make_endpoint(acme, state="PAUSED")
        event = make_event(acme)
        make_delivery(paused, event, "FAILED")
        found = ask("RetryDelivery", event, endpoint_id=whe(paused))
        assert found.state == delivery_pb2.DELIVERY_STATE_HELD
        lanes = db.execute_sql("SELECT due_time = 'infinity' FROM webhook_lane WHERE endpoint_id = %s", (paused.id,))
        assert lanes.fetchone() == (True,)

    def test_a_disabled_endpoint_is_refused(self, ask, acme):
        disabled = make_endpoint(acme, state="DISABLED")
        event = make_event(acme)
        make_delivery(disabled, event, "FAILED")
        assert refusal(ask, "RetryDelivery", event, endpoint_id=whe(disabled)) == "ENDPOINT_DISABLED"

    def test_a_deleted_endpoint_is_not_there(self, ask, acme):
        deleted = make_endpoint(acme, delete_time=clock.now())
        event = make_event(acme)
        make_delivery(deleted, event, "FAILED")
        assert refusal(ask, "RetryDelivery", event, endpoint_id=whe(deleted)) == "NOT_FOUND"

    def test_waits_for_its_turn_behind_an_open_one_of_its_key(self, ask, acme):
        ordered = make_endpoint(acme, ordering="PER_KEY")
        events = [make_event(acme) for _ in range(3)]
        make_delivery(ordered, events[0], "FAILED", ordering_key="a")
        make_delivery(ordered, events[1], "RETRYING", ordering_key="a", due_time=clock.now() + HOUR)
        make_delivery(ordered, events[2], "FAILED", ordering_key="b")
        assert not ask("RetryDelivery", events[0], endpoint_id=whe(ordered)).HasField("next_attempt_time")
        assert ask("RetryDelivery", events[2], endpoint_id=whe(ordered)).HasField("next_attempt_time")

    def test_one_that_is_not_there(self, ask, acme):
        assert refusal(ask, "RetryDelivery", make_event(acme)) == "NOT_FOUND"


class TestCancel:
    @pytest.mark.parametrize("state", ["PENDING", "RETRYING", "HELD"])
    def test_ends_an_open_one(self, ask, acme, endpoint, state):
        event = make_event(acme)
        make_delivery(endpoint, event, state, attempts=2)
        assert ask("CancelDelivery", event).state == delivery_pb2.DELIVERY_STATE_CANCELLED
        assert open_rows(endpoint) == []
        assert [(row.state, row.attempts) for row in finished_rows(endpoint)] == [("CANCELLED", 2)]

    @pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELLED"])
    def test_a_finished_one_is_refused(self, ask, acme, endpoint, state):
        event = make_event(acme)
        make_delivery(endpoint, event, state)
        assert refusal(ask, "CancelDelivery", event) == "DELIVERY_FINISHED"
        assert [row.state for row in finished_rows(endpoint)] == [state]

    def test_is_refused_while_an_attempt_is_made(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event, "DELIVERING", claim=ids.new(), lease_time=clock.now() + HOUR)
        assert refusal(ask, "CancelDelivery", event) == "DELIVERY_OPEN"

    def test_what_a_dead_worker_held_is_cancelled_and_its_attempt_told_of(self, ask, acme, endpoint):
        event = make_event(acme)
        over = clock.now() - timedelta(minutes=1)
        make_delivery(
            endpoint, event, "DELIVERING", attempts=1, claim=ids.new(), lease_time=over, update_time=over - HOUR
        )
        assert ask("CancelDelivery", event).attempt_count == 2
        (attempt,) = ask("ListAttempts", event).attempts
        assert (attempt.number, attempt.error) == (2, "INTERRUPTED")

    def test_lets_the_next_one_of_its_key_go(self, ask, acme):
        ordered = make_endpoint(acme, ordering="PER_KEY")
        events = [make_event(acme) for _ in range(3)]
        make_delivery(ordered, events[0], "RETRYING", ordering_key="a", due_time=clock.now() + HOUR)
        for event in events[1:]:
            make_delivery(ordered, event, "PENDING", ordering_key="a", due_time="infinity")
        Lane.update(due_time="infinity").where(Lane.endpoint == ordered.id).execute()
        ask("CancelDelivery", events[0], endpoint_id=whe(ordered))
        due = OpenDelivery.select(OpenDelivery.event_id).where(OpenDelivery.due_time <= clock.now())
        assert [row.event_id for row in due] == [events[1].id]
        assert due_time(ordered) <= clock.now()

    def test_a_cancelled_one_can_be_retried(self, ask, acme, endpoint):
        event = make_event(acme)
        make_delivery(endpoint, event, "PENDING")
        ask("CancelDelivery", event)
        assert ask("RetryDelivery", event).state == delivery_pb2.DELIVERY_STATE_PENDING


@pytest.mark.parametrize("method", ["GetDelivery", "ListAttempts", "RetryDelivery", "CancelDelivery"])
@pytest.mark.parametrize("state", ["PENDING", "FAILED"])
def test_another_workspace_sees_and_changes_nothing(ask, acme, endpoint, method, state):
    event = make_event(acme)
    make_delivery(endpoint, event, state)
    make_attempt(endpoint, event)
    eve = make_person()
    other = make_workspace(eve)
    assert refusal(ask, method, event, by_=eve) == "NOT_FOUND"
    assert refusal(ask, method, event, by_=eve, workspace_id=ws(other)) == "NOT_FOUND"
    assert len(open_rows(endpoint)) == (state == "PENDING")
    assert Attempt.select().count() == 1


@pytest.mark.parametrize("state", ["PENDING", "FAILED"])
def test_another_workspace_lists_nothing(ask, acme, endpoint, state):
    event = make_event(acme)
    make_delivery(endpoint, event, state)
    eve = make_person()
    theirs = {"by_": eve, "workspace_id": ws(make_workspace(eve))}
    assert len(ask("ListEventDeliveries", event, **theirs).deliveries) == 0
    assert refusal(ask, "ListEndpointDeliveries", **theirs) == "NOT_FOUND"
