"""What is measured of publishing: events per second, by the hundred and one by one, over gRPC."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from benchmarks import events
from benchmarks.costs import measured
from benchmarks.deliveries import Deliveries, deliveries
from benchmarks.figures import AT_LEAST, Figure, costs, interleave, rates
from benchmarks.load import GRPC, Load, Outcome
from benchmarks.product import Person, Product
from benchmarks.scenarios import Bench
from benchmarks.wire import grpc_request
from userdata.events.v1 import event_service_pb2

BATCH = 100
CONNECTIONS = {BATCH: 8, 1: 32}
KIND = "bench.published"
UNIT = "events/s"


def publish(bench: Bench) -> list[Figure]:
    """BatchPublishEvents of a hundred, and PublishEvent, at the bare servers, while the drain takes what comes."""
    bench.product.sign_in_again()
    for person in bench.product.people:
        events.create_type(bench.product, person, person.workspace_ids[0], KIND)
    with deliveries(bench.product) as product:
        sides: list[Callable[[], Outcome]] = [partial(publish_by, bench, product, size) for size in (BATCH, 1)]
        batches, singles = interleave(sides, bench.effort.rounds, bench.say)
    return [
        _figure("publish_batch", f"Publish events by the {BATCH}, gRPC at the bare servers", batches, BATCH, 15_000),
        _figure("publish_single", "Publish events one by one, gRPC at the bare servers", singles, 1, 1_500),
    ]


def publish_by(bench: Bench, product: Deliveries, size: int) -> Outcome:
    """A run of calls with so many events each; ends once the drain has taken them. Counts events, not calls."""
    outcome = measured(bench.ours(load(bench.product, size)))
    product.drained()
    each = {name: round(cost / size, 1) for name, cost in outcome.costs.items()}
    return replace(outcome, rate=outcome.rate * size, costs=each)


def load(product: Product, size: int) -> Load:
    """Calls by everybody, each in a workspace of their own."""
    requests = [request(person, size) for person in product.people]
    return Load(protocol=GRPC, addresses=product.servers, requests=requests, expected=0, connections=CONNECTIONS[size])


def request(person: Person, size: int) -> bytes:
    """One call that publishes so many events in the person's first workspace."""
    workspace_id, event = person.workspace_ids[0], events.event(KIND)
    if size == 1:
        method = "PublishEvent"
        message = event_service_pb2.PublishEventRequest(workspace_id=workspace_id, event=event).SerializeToString()
    else:
        method = "BatchPublishEvents"
        batch = event_service_pb2.BatchPublishEventsRequest(workspace_id=workspace_id, events=[event] * size)
        message = batch.SerializeToString()
    return grpc_request(
        path=f"/{events.SERVICE}/{method}",
        authority="127.0.0.1",
        message=message,
        metadata={"authorization": f"Bearer {person.token}"},
    )


def _figure(key: str, title: str, outcomes: list[Outcome], size: int, target: float) -> Figure:
    sample = rates(outcomes)
    return Figure(
        key=key,
        title=title,
        unit=UNIT,
        ours=sample,
        other=None,
        other_name="",
        measured=sample,
        measured_unit=UNIT,
        bound=AT_LEAST,
        target=target,
        note=f"{CONNECTIONS[size]} connections; data of about 270 bytes, checked against the type's schema, on disk "
        "before the answer; the drain puts the events into the feed meanwhile.",
        detail={
            "ours_p99_ms": [outcome.p99_ms for outcome in outcomes],
            "ours_costs_us": costs(outcomes),
            "foreign": [outcome.foreign for outcome in outcomes],
        },
    )
