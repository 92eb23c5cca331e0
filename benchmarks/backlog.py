"""What a delivery costs while a million others are open, beside what it costs while hardly any are."""

import json
from functools import partial
from time import perf_counter

from benchmarks import events
from benchmarks.costs import metered
from benchmarks.deliveries import SLOWEST, Delivered, Deliveries, Endpoint, deliveries, uuids
from benchmarks.figures import UNDER, Figure, Sample, costs, interleave, rates
from benchmarks.receiving import Receiver, until
from benchmarks.scenarios import Bench
from benchmarks.webhooks import ENDPOINTS
from server.core import ids

WORKSPACE = 100
"""Number of the workspace that has all these endpoints."""
FIRST = 10_000
"""Number of the first of them."""
OURS = ("deliverer", "postgres")
"""Whose processor time is the cost."""

# As the drain leaves them, as the owner of the database: a million through the API would take long and leave the same
# rows. Every endpoint gets every event; what is due first is another event for each.
FILL = """
WITH made AS MATERIALIZED (
    INSERT INTO event (id, create_time, workspace_id, type, subject, data, actor, request_id, trace_parent)
    SELECT id, uuid_extract_timestamp(id), %(workspace)s, 'bench.backlog', 'order_4711', %(data)s, '', '', ''
    FROM (SELECT uuidv7() AS id FROM generate_series(1, %(events)s)) AS numbered
    RETURNING id, create_time
)
INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, due_time, state,
    trigger, attempts, tries, create_time, update_time)
SELECT endpoint_id, id, made.create_time, %(workspace)s, 'bench.backlog', row_number() OVER (),
    now() - random() * interval '1 hour', 'PENDING', 'AUTOMATIC', 0, 0, now(), now()
FROM made CROSS JOIN unnest(%(endpoints)s::uuid[]) AS endpoint_id
"""
PART = 50
"""A run is one part in so many of the backlog."""
BEGIN = "UPDATE webhook_lane SET due_time = now() WHERE endpoint_id = ANY (%(endpoints)s::uuid[]); NOTIFY lane"
END = "TRUNCATE webhook_open_delivery"
"""The lanes then find nothing due and rest; who touched them here, too, could meet a claim in the wrong order."""


def backlog(bench: Bench) -> list[Figure]:
    """Delivers out of a backlog that ends with the run, then out of one that hardly gets smaller."""
    bench.product.sign_in_again()
    effort = bench.effort
    with Receiver() as receiver, deliveries(bench.product) as product:
        endpoints = [
            product.endpoint(receiver.url(number), FIRST + number, workspace=WORKSPACE) for number in range(ENDPOINTS)
        ]
        small = [partial(small_run, bench, product, endpoints, receiver)]
        (few,) = interleave(small, effort.rounds, bench.say)
        fill(product, endpoints, effort.backlog)
        bench.say(f"  {effort.backlog:,} deliveries are open")
        product.execute(BEGIN, {"endpoints": uuids(endpoints)})
        large = [partial(run, bench, receiver, effort.backlog // PART)]
        (many,) = interleave(large, effort.rounds, bench.say)
        product.execute(END)
    mine, theirs = cost(many), cost(few)
    return [
        Figure(
            key="backlog",
            title=f"Cost of a delivery with {effort.backlog:,} open ones, beside hardly any",
            unit="µs",
            ours=mine,
            other=theirs,
            other_name="hardly any",
            measured=mine.over(theirs),
            bound=UNDER,
            target=1.3,
            note=f"Processor time of deliverers and Postgres; all are due, of {ENDPOINTS} endpoints in one workspace; "
            f"{few[0].count:,} deliveries a run, which is all that are open on the other side.",
            detail={
                "ours_costs_us": costs(many),
                "few_costs_us": costs(few),
                "ours_rates": rates(many).values,
                "few_rates": rates(few).values,
                "foreign": [run.foreign for run in (*many, *few)],
            },
        )
    ]


def small_run(bench: Bench, product: Deliveries, endpoints: list[Endpoint], receiver: Receiver) -> Delivered:
    """A run out of a backlog that is as large as the run."""
    count = bench.effort.backlog // PART
    fill(product, endpoints, count)
    product.execute(BEGIN, {"endpoints": uuids(endpoints)})
    measured = run(bench, receiver, count)
    until(lambda: product.finished(endpoints), within=20, what="all attempts are recorded")
    return measured


def run(bench: Bench, receiver: Receiver, count: int) -> Delivered:
    """Waits until so many more requests have come."""
    before = receiver.report().count

    def deliver() -> float:
        began = perf_counter()
        receiver.wait(before + count, within=10 + count / SLOWEST)
        return perf_counter() - began

    seconds, spent = metered(lambda: bench.product.groups() | receiver.groups(), deliver)
    came = receiver.report().count - before
    return Delivered(came, seconds, spent.each(came), spent.foreign)


def fill(product: Deliveries, endpoints: list[Endpoint], count: int) -> None:
    """Makes so many deliveries, all due; nobody is told."""
    values = {
        "events": count // len(endpoints),
        "workspace": str(ids.decode("ws", endpoints[0].workspace_id)),
        "endpoints": uuids(endpoints),
        "data": json.dumps(events.DATA),
    }
    product.execute(FILL, values)
    product.execute("ANALYZE event, webhook_open_delivery")


def cost(runs: list[Delivered]) -> Sample:
    """Microseconds of processor time for each delivery."""
    return Sample([sum(run.costs[kind] for kind in OURS) for run in runs])
