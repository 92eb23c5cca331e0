"""What becomes of deliveries and endpoints once attempts are recorded."""

from datetime import timedelta

import pytest

from server.core import clock, ids
from server.core.models import Event
from server.webhooks import latency
from server.webhooks.models import Attempt, EndpointHour
from server.webhooks.service import disabling
from server.webhooks.service.recording import FAILING, GivenUp
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import (
    attempts_of,
    claim,
    drain,
    finished_of,
    lane_of,
    later,
    open_of,
    outcome,
    problems,
    publish,
    record,
    set_lane,
)


@pytest.fixture
def endpoint(worker):
    return make_endpoint(worker)


def deliver(worker, *outcomes, count: int | None = None, **fields):
    """Publish, drain and claim as many events as there are outcomes, and record them."""
    publish(worker, *["order.paid"] * (count or len(outcomes)), **fields)
    drain()
    return record(claim(), *outcomes)


def test_a_success_ends_the_delivery(worker, endpoint) -> None:
    recorded = deliver(worker, outcome(204))
    assert [verdict.state for _, verdict in recorded.accepted] == ["SUCCEEDED"]
    assert [row[1:] for row in finished_of(endpoint)] == [("SUCCEEDED", 1)]
    assert open_of(endpoint) == []
    assert problems() == []


def test_an_attempt_keeps_all_that_is_known_of_it(worker, endpoint) -> None:
    headers = {"x-name": 'quoted "name", with {braces}\\and\\u0000 and \x00 and \udcff', "server": "näme"}
    deliver(
        worker,
        outcome(
            500,
            response_headers=headers,
            response_body=b'\x00"\\{},\xff',
            first_byte_ms=None,
            detail="It's said.",
            resent=True,
        ),
    )
    (attempt,) = Attempt.select().where(Attempt.endpoint_id == endpoint.id)
    assert attempt.response_headers == headers | {"x-name": 'quoted "name", with {braces}\\and\\u0000 and  and ?'}
    assert bytes(attempt.response_body) == b'\x00"\\{},\xff'
    assert (attempt.number, attempt.trigger, attempt.status, attempt.error) == (1, "AUTOMATIC", 500, "HTTP_STATUS")
    phases = (attempt.dns_ms, attempt.connect_ms, attempt.tls_ms, attempt.first_byte_ms, attempt.total_ms)
    assert phases == (None, 0.25, None, None, 3.0)
    assert (attempt.address, attempt.detail, attempt.resent) == ("192.0.2.7", "It's said.", True)


def test_a_failure_is_tried_again_by_the_schedule(worker, endpoint) -> None:
    deliver(worker, outcome(500))
    ((_, state, due_time, claim_id, attempts, tries),) = open_of(endpoint)
    assert (state, claim_id, attempts, tries) == ("RETRYING", None, 1, 1)
    assert timedelta(seconds=3.5) < due_time - clock.now() < timedelta(seconds=6.1)
    assert lane_of(endpoint)[0] == due_time
    assert claim() == []
    assert problems() == []


def test_a_whole_life_of_failures_ends_and_is_told_of(worker) -> None:
    endpoint = make_endpoint(worker, retry_delays=[0, 5, 60])
    (event,) = publish(worker, "order.paid")
    drain()
    moment = clock.now()
    for _ in range(3):
        with clock.frozen(moment):
            record(claim(), outcome(None, "TIMEOUT"))
        moment += timedelta(seconds=73)
    assert attempts_of(endpoint) == [(number, None, "TIMEOUT") for number in (1, 2, 3)]
    assert finished_of(endpoint) == [(event, "FAILED", 3)]
    (told,) = Event.select().where(Event.type == "webhook.delivery.failed")
    assert told.data == {
        "endpointId": ids.encode("whe", endpoint.id),
        "eventId": ids.encode("evt", event),
        "eventType": "order.paid",
        "attempts": 3,
        "error": "TIMEOUT",
    }
    assert told.workspace_id == worker.id


def test_what_failed_to_tell_of_a_failure_is_not_told_of(worker) -> None:
    endpoint = make_endpoint(worker, retry_delays=[0])
    publish(worker, "order.paid")
    for _ in range(2):
        drain()
        record(claim(), outcome(500))
    assert drain() == []
    assert [row[1] for row in finished_of(endpoint)] == ["FAILED", "FAILED"]
    assert Event.select().where(Event.type == "webhook.delivery.failed").count() == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_for_time(worker, endpoint, status) -> None:
    deliver(worker, outcome(status, retry_after=timedelta(minutes=20)))
    ((_, _, due_time, *_),) = open_of(endpoint)
    assert timedelta(minutes=19) < due_time - clock.now() <= timedelta(minutes=20)


def test_too_many_requests_hold_up_the_other_deliveries_too(worker, endpoint) -> None:
    publish(worker, "a", "b")
    drain()
    with clock.frozen(later(seconds=1)):
        record(claim(1), outcome(429, retry_after=timedelta(minutes=20)))
        assert claim() == []
        assert lane_of(endpoint)[1] == later(minutes=20)
        assert problems() == []
        with clock.frozen(later(minutes=20)):
            assert len(claim()) == 2


def test_gone_ends_the_delivery_and_the_endpoint(worker, endpoint) -> None:
    recorded = deliver(worker, outcome(410))
    assert recorded.given_up == [GivenUp(worker.id, endpoint.id, "GONE")]
    assert [row[1] for row in finished_of(endpoint)] == ["FAILED"]
    assert disabling.disable(worker.id, endpoint.id, "GONE")
    assert lane_of(endpoint)[:2] == (None, None)


def test_days_of_failures_and_nothing_else_end_the_endpoint(worker, endpoint) -> None:
    assert deliver(worker, outcome(500)).given_up == []
    assert lane_of(endpoint)[4] is not None
    with clock.advanced(FAILING - timedelta(minutes=1)):
        assert deliver(worker, outcome(500), count=1).given_up == []
    with clock.advanced(FAILING + timedelta(minutes=1)):
        assert deliver(worker, outcome(500), count=1).given_up == [GivenUp(worker.id, endpoint.id, "FAILING")]


def test_one_success_in_those_days_keeps_it(worker, endpoint) -> None:
    deliver(worker, outcome(500))
    with clock.advanced(timedelta(days=3)):
        record(claim(), outcome(200))
    assert lane_of(endpoint)[4] is None
    with clock.advanced(FAILING + timedelta(minutes=1)):
        assert deliver(worker, outcome(500)).given_up == []


def test_the_breaker_opens_and_the_others_wait_without_using_attempts(worker, endpoint) -> None:
    publish(worker, *["order.paid"] * 30)
    drain()
    with clock.frozen(later(seconds=1)):
        record(claim(10), outcome(None, "CONNECT"))
        assert lane_of(endpoint)[1:4] == (later(seconds=30), "OPEN", 1)
        with clock.advanced(timedelta(0)):
            assert claim() == []
    assert [row[4] for row in open_of(endpoint)].count(0) == 20
    assert problems() == []


def test_a_failed_probe_puts_the_next_off_and_a_good_one_closes(worker, endpoint) -> None:
    publish(worker, *["order.paid"] * 30)
    drain()
    start = later(seconds=1)
    with clock.frozen(start):
        record(claim(10), outcome(None, "CONNECT"))
    with clock.frozen(start + timedelta(seconds=30)):
        record(claim(), outcome(None, "CONNECT"))
        assert lane_of(endpoint)[1:4] == (later(seconds=60), "OPEN", 2)
    with clock.frozen(start + timedelta(seconds=90)):
        (probe,) = claim()
        record([probe], outcome(200))
        assert lane_of(endpoint)[2:] == ("CLOSED", 0, None)
        assert len(claim()) == 29
    assert problems() == []


def test_attempts_that_ended_after_the_breaker_opened_are_no_probes(worker, endpoint) -> None:
    publish(worker, *["order.paid"] * 40)
    drain()
    first, second = claim(20), claim(20)
    record(first, outcome(500))
    before = lane_of(endpoint)
    record(second, outcome(500))
    assert lane_of(endpoint)[:4] == before[:4]


def test_a_paused_lane_stays_so_whatever_ends(worker, endpoint) -> None:
    publish(worker, *["order.paid"] * 2)
    drain()
    first, second = claim()
    set_lane(endpoint, blocked_time="infinity", due_time="infinity")
    record([first], outcome(500))
    record([second], outcome(429, retry_after=timedelta(minutes=1)))
    assert lane_of(endpoint)[:2] == (None, None)
    assert problems() == []


@pytest.mark.parametrize("error", ["TRANSFORMATION", "INTERNAL", "INTERRUPTED", "EXPIRED"])
def test_what_is_not_the_receivers_fault_is_not_held_against_it(worker, endpoint, error) -> None:
    deliver(worker, outcome(None, error), count=20)
    assert lane_of(endpoint)[2:] == ("CLOSED", 0, None)


def test_an_interrupted_attempt_uses_none_of_the_schedule(worker, endpoint) -> None:
    deliver(worker, outcome(None, "INTERRUPTED"))
    assert [row[4:] for row in open_of(endpoint)] == [(1, 0)]
    (again,) = claim()
    assert (again.attempts, again.tries) == (1, 0)


def test_an_event_past_its_retention_fails_at_once(worker, endpoint) -> None:
    deliver(worker, outcome(None, "EXPIRED"))
    assert [row[1] for row in finished_of(endpoint)] == ["FAILED"]


# Order --------------------------------------------------------------------------------------------------------------


def test_a_key_goes_on_in_order_after_success_and_after_the_last_failure(worker) -> None:
    endpoint = make_endpoint(worker, ordering="PER_KEY", retry_delays=[0, 5])
    events = publish(worker, "a", "b", "c", ordering_key="k")
    drain()
    sent = []
    moment = clock.now()
    for answer in (outcome(200), outcome(500), outcome(500), outcome(200)):
        with clock.frozen(moment):
            (one,) = claim()
            assert claim() == []
            sent.append(one.event_id)
            record([one], answer)
            assert problems() == []
        moment += timedelta(seconds=7)
    first, second, third = events
    assert sent == [first, second, second, third]
    assert [row[1] for row in finished_of(endpoint)] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_keys_do_not_wait_for_each_other(worker) -> None:
    make_endpoint(worker, ordering="PER_KEY")
    for key in ("k", "l"):
        publish(worker, "a", "b", ordering_key=key)
    publish(worker, "c")
    drain()
    assert [one.ordering_key for one in claim()] == ["k", "l", None]


# Counting -----------------------------------------------------------------------------------------------------------


def test_attempts_are_counted_by_the_hour_and_their_length(worker, endpoint) -> None:
    deliver(worker, outcome(200), outcome(500), outcome(200, total_ms=900.0))
    deliver(worker, outcome(200))
    (hour,) = EndpointHour.select().where(EndpointHour.endpoint == endpoint.id)
    assert (hour.succeeded, hour.failed) == (3, 1)
    expected = [0] * latency.BUCKETS
    expected[latency.bucket(3.0)], expected[latency.bucket(900.0)] = 3, 1
    assert hour.latencies == expected
    assert (hour.hour.minute, hour.hour.second) == (0, 0)


def test_what_comes_too_late_is_not_counted(worker, endpoint) -> None:
    publish(worker, "order.paid")
    drain()
    claimed = claim()
    record(claimed)
    recorded = record(claimed, outcome(500))
    assert (recorded.accepted, recorded.late) == ([], 1)
    assert attempts_of(endpoint) == [(1, 200, "")]
    (hour,) = EndpointHour.select().where(EndpointHour.endpoint == endpoint.id)
    assert (hour.succeeded, hour.failed) == (1, 0)


def test_successes_of_a_healthy_endpoint_leave_its_lane_alone(worker, endpoint) -> None:
    deliver(worker, outcome(200))
    before = lane_of(endpoint)
    publish(worker, "order.paid")
    drain()
    claimed = claim()
    claimed_lane = lane_of(endpoint)
    record(claimed)
    assert lane_of(endpoint) == claimed_lane
    assert before[2:] == claimed_lane[2:]
    assert [row[1] for row in finished_of(endpoint)] == ["SUCCEEDED"] * 2
