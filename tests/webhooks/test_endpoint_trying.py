"""Trying an endpoint, and how it does."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from server.core import clock, ids
from server.core.models import Event, EventPending
from server.events.models import EventType, EventTypeVersion
from server.webhooks import latency
from server.webhooks.models import EndpointHour, Lane, OpenDelivery
from tests.accounts.world import as_worker
from tests.support.client import RpcError
from tests.webhooks.factories import ask, make_endpoint, whe
from tests.workspaces.factories import by, usr

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def send(caller, workspace, endpoint, **fields):
    return ask(caller, "SendTestEvent", workspace, whe(endpoint), **fields)


def make_type(workspace, name, *examples):
    row = EventType.create(workspace=workspace.id, name=name, version=2)
    for version, given in ((1, [{"old": True}]), (2, list(examples))):
        EventTypeVersion.create(event_type=row.id, version=version, workspace=workspace.id, schema={}, examples=given)


def make_hour(endpoint, hour, *milliseconds, failed=0):
    latencies = [0] * latency.BUCKETS
    for value in milliseconds:
        latencies[latency.bucket(value)] += 1
    EndpointHour.create(
        endpoint=endpoint.id,
        hour=hour,
        workspace=endpoint.workspace,
        succeeded=len(milliseconds) - failed,
        failed=failed,
        latencies=latencies,
    )


def stamp(at):
    made = Timestamp()
    made.FromDatetime(at)
    return made


def test_a_test_event_is_delivered_to_this_endpoint_alone(ada, acme):
    endpoint = make_endpoint(acme, event_types=["order.paid"])
    make_endpoint(acme)
    with as_worker():
        before = EventPending.select().count()
    event_id = ids.decode("evt", send(by(ada), acme, endpoint).event_id)
    event = Event.get(Event.id == event_id)
    assert (event.type, event.subject, event.actor) == ("webhook.test", whe(endpoint), usr(ada))
    assert event.data["endpointId"] == whe(endpoint)
    assert event.create_time == ids.time_of(event_id)
    with as_worker():
        assert EventPending.select().count() == before
    (delivery,) = OpenDelivery.select()
    assert (delivery.endpoint_id, delivery.event_id, delivery.trigger) == (endpoint.id, event_id, "TEST")
    assert delivery.event_time == event.create_time
    lane = Lane.get(Lane.endpoint == endpoint.id)
    assert lane.due_time <= clock.now()
    assert Lane.select().where(Lane.due_time == "infinity").count() == 1


def test_an_example_of_a_type_of_the_catalogue_is_sent(ada, acme):
    endpoint = make_endpoint(acme)
    make_type(acme, "order.paid", {"amount": 12}, {"amount": 13})
    event_id = ids.decode("evt", send(by(ada), acme, endpoint, type="order.paid").event_id)
    event = Event.get(Event.id == event_id)
    assert (event.type, event.data) == ("order.paid", {"amount": 12})


def test_an_example_of_a_type_of_the_product_is_sent(ada, acme):
    endpoint = make_endpoint(acme)
    event_id = ids.decode("evt", send(by(ada), acme, endpoint, type="webhook.delivery.failed").event_id)
    event = Event.get(Event.id == event_id)
    assert (event.type, event.data["eventType"]) == ("webhook.delivery.failed", "order.paid")


def test_a_type_without_an_example_is_refused(ada, acme):
    endpoint = make_endpoint(acme)
    make_type(acme, "order.sent")
    for name in ("order.sent", "order.unknown"):
        assert refusal(send, by(ada), acme, endpoint, type=name).reason == "EVENT_TYPE_UNKNOWN"


@pytest.mark.parametrize(("state", "reason"), [("PAUSED", "ENDPOINT_PAUSED"), ("DISABLED", "ENDPOINT_DISABLED")])
def test_only_active_endpoints_are_tried(ada, acme, state, reason):
    error = refusal(send, by(ada), acme, make_endpoint(acme, state=state))
    assert error.reason == reason
    assert OpenDelivery.select().count() == 0


def test_hours_are_counted_each_and_together(ada, acme):
    endpoint = make_endpoint(acme)
    make_hour(endpoint, NOON - timedelta(hours=2), 10, 10, 10, 900, failed=1)
    make_hour(endpoint, NOON - timedelta(hours=1), 20)
    make_hour(endpoint, NOON - timedelta(days=2), 1)
    with clock.frozen(NOON):
        stats = ask(by(ada), "GetEndpointStats", acme, whe(endpoint))
    assert [hour.start_time.ToDatetime(tzinfo=UTC) for hour in stats.hours] == [
        NOON - timedelta(hours=2),
        NOON - timedelta(hours=1),
    ]
    assert (stats.total.succeeded, stats.total.failed, stats.total.success_rate) == (4, 1, 0.8)
    first = stats.hours[0].counts
    assert (first.succeeded, first.failed, first.success_rate) == (3, 1, 0.75)
    assert 0.008 <= first.latency_p50.ToTimedelta().total_seconds() <= 0.012
    assert 0.768 <= first.latency_p95.ToTimedelta().total_seconds() <= 1.024


def test_without_attempts_there_is_nothing_to_tell(ada, acme):
    stats = ask(by(ada), "GetEndpointStats", acme, whe(make_endpoint(acme)))
    assert (len(stats.hours), stats.total.succeeded, stats.total.success_rate) == (0, 0, 0)
    assert not stats.total.HasField("latency_p50")


def test_the_range_begins_with_its_hour_and_is_bounded(ada, acme):
    endpoint = make_endpoint(acme)
    make_hour(endpoint, NOON, 5)
    ranged = {"start_time": stamp(NOON + timedelta(minutes=59)), "end_time": stamp(NOON + timedelta(hours=1))}
    assert len(ask(by(ada), "GetEndpointStats", acme, whe(endpoint), **ranged).hours) == 1
    for end in (NOON - timedelta(seconds=1), NOON + timedelta(days=31, seconds=1)):
        error = refusal(
            ask, by(ada), "GetEndpointStats", acme, whe(endpoint), start_time=stamp(NOON), end_time=stamp(end)
        )
        assert list(error.violations) == ["end_time"]


def test_every_latency_has_a_bucket_and_a_quantile_stays_in_it():
    for value in (0.0, 0.4, 1.0, 1.01, 17.3, 30_000.0, 32_768.0):
        counts = [0] * latency.BUCKETS
        counts[latency.bucket(value)] += 1
        found = latency.quantile(counts, 1)
        assert found is not None
        assert value <= found <= max(1.0, value * 1.5)
    late = [0] * latency.BUCKETS
    late[latency.bucket(50_000)] += 1
    assert latency.quantile(late, 0.5) == latency.BOUNDS[-1]
    assert latency.quantile([0] * latency.BUCKETS, 0.5) is None
    assert list(latency.BOUNDS) == sorted(set(latency.BOUNDS))
