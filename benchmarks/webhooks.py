"""What is measured of webhooks: deliveries per second, how soon one comes, whether one receiver holds up another."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, sleep

from benchmarks import machine
from benchmarks.costs import metered
from benchmarks.deliveries import BODY, Delivered, Deliveries, Endpoint, deliveries
from benchmarks.dramatiq_peer import DramatiqPeer
from benchmarks.events import publisher
from benchmarks.figures import AT_LEAST, UNDER, Figure, Sample, costs, interleave, rates
from benchmarks.load import ROOT, LoadFailedError
from benchmarks.poster import CONCURRENCY
from benchmarks.receiving import Receiver, until
from benchmarks.scenarios import Bench

ENDPOINTS = 50
WARM_UP = 500
UNIT = "deliveries/s"
HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": "bench",
    "webhook-id": "evt_01jbrk8xw7e5tvh2c9n4m6q0za",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
}
"""As many as the product sends."""
PAUSE_SECONDS = 0.02
HANG_SECONDS = 30.0
HANGING = ENDPOINTS
"""Number of the first endpoint that hangs; those before are the others."""
WAITING = 2_000
"""Deliveries that wait for the endpoint that hangs."""


def webhooks(bench: Bench) -> list[Figure]:
    """Deliveries beside a bare aiohttp client and beside Dramatiq, then how soon one comes when nothing else does."""
    bench.product.sign_in_again()
    effort = bench.effort
    with (
        Receiver() as receiver,
        deliveries(bench.product) as product,
        DramatiqPeer(bench.product, processes=machine.cores()) as peer,
    ):
        urls = [receiver.url(number) for number in range(ENDPOINTS)]
        endpoints = [product.endpoint(url, number) for number, url in enumerate(urls)]
        product.run(endpoints, WARM_UP, receiver)
        peer.run(receiver, urls, WARM_UP)
        sides = [
            partial(product.run, endpoints, effort.deliveries, receiver),
            partial(post, bench, receiver, urls),
            partial(peer.run, receiver, urls, effort.peer_deliveries),
        ]
        ours, bare, theirs = interleave(sides, effort.rounds, bench.say)
        figures = _throughput(ours, bare, theirs)
        return [*figures, first_byte(bench, receiver, endpoints)]


def post(bench: Bench, receiver: Receiver, urls: list[str]) -> Delivered:
    """A run of the bare client, in the interpreter and with the aiohttp of the product."""
    before = receiver.report().count
    asked = {
        "urls": urls,
        "headers": HEADERS,
        "body": "." * BODY,
        "warm_up": bench.effort.warm_up,
        "seconds": bench.effort.seconds / 2,
    }
    ended, spent = metered(
        receiver.groups,
        lambda: subprocess.run(
            [sys.executable, "-m", "benchmarks.poster"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
        ),
    )
    if ended.returncode:
        raise LoadFailedError(f"The bare client failed: {ended.stderr.strip()[-2000:]}")
    got = json.loads(ended.stdout)
    each = spent.each(receiver.report().count - before) | {"generator": round(got["cpu"] / got["count"] * 1e6, 1)}
    return Delivered(got["count"], got["seconds"], each, spent.foreign)


def _throughput(ours: list[Delivered], bare: list[Delivered], theirs: list[Delivered]) -> list[Figure]:
    mine = rates(ours)
    detail = {"ours_costs_us": costs(ours), "foreign": [run.foreign for run in (*ours, *bare, *theirs)]}
    beside = [
        ("deliveries_bare", "a bare client", "aiohttp", bare, 0.5, f"One process, one session, {CONCURRENCY} at once."),
        ("deliveries_dramatiq", "a plain implementation", "Dramatiq", theirs, None, DRAMATIQ),
    ]
    return [
        Figure(
            key="deliveries",
            title="Deliveries, from committed event to recorded attempt",
            unit=UNIT,
            ours=mine,
            other=None,
            other_name="",
            measured=mine,
            measured_unit=UNIT,
            bound=AT_LEAST,
            target=5_000,
            note=f"{ours[0].count:,} events committed at once, one delivery each, to {ENDPOINTS} endpoints in as many "
            f"workspaces and at as many hosts; signed bodies of about {BODY} bytes; the receiver runs on this machine.",
            detail=detail,
        ),
        *(
            Figure(
                key=key,
                title=f"Deliveries beside {what}",
                unit=UNIT,
                ours=mine,
                other=rates(runs),
                other_name=name,
                measured=mine.over(rates(runs)),
                bound=AT_LEAST,
                target=target,
                note=note,
                detail={"peer_costs_us": costs(runs)},
            )
            for key, what, name, runs, target, note in beside
        ),
    ]


DRAMATIQ = (
    f"A message per delivery, httpx, one row update per attempt; {machine.cores()} processes of 8 threads; the "
    "messages are in Redis before the clock starts, nothing is matched, and attempts leave no rows."
)


def first_byte(bench: Bench, receiver: Receiver, endpoints: list[Endpoint]) -> Figure:
    """How long after PublishEvent was called the first byte of the delivery comes, while nothing else happens."""
    runs = []
    for number in range(bench.effort.rounds):
        with publisher(bench.product) as publish:
            delays = []
            for at in range(bench.effort.single_events):
                endpoint = endpoints[at % len(endpoints)]
                before = receiver.report().count
                began = perf_counter()
                publish(endpoint.owner, endpoint.workspace_id, endpoint.type)
                report = receiver.wait(before + 1, within=10)
                delays.append((report.times[-1] - began) * 1000)
                sleep(PAUSE_SECONDS)
        runs.append(delays)
        bench.say(f"  round {number + 1} of {bench.effort.rounds}: first byte after {median(delays):.1f} ms")
    middle = Sample([median(delays) for delays in runs])
    return Figure(
        key="first_byte",
        title="From publishing an event to the first byte of its delivery, p50",
        unit="ms",
        ours=middle,
        other=None,
        other_name="",
        measured=middle,
        measured_unit="ms",
        bound=UNDER,
        target=50.0,
        note=f"One event at a time by PublishEvent over gRPC, {bench.effort.single_events} a run, on an idle system; "
        "the clock starts before the call, not at its commit.",
        detail={"all_ms": runs},
    )


def hanging(bench: Bench) -> list[Figure]:
    """An endpoint's deliveries per second, beside the same while another endpoint's receiver hangs."""
    bench.product.sign_in_again()
    count = bench.effort.deliveries // 2
    with Receiver() as receiver, Receiver(hang=HANG_SECONDS) as hung, deliveries(bench.product) as product:
        endpoint = product.endpoint(receiver.url(0), HANGING, workspace=HANGING)
        product.run([endpoint], WARM_UP, receiver)
        numbers = iter(range(HANGING + 1, HANGING + 1000))
        sides: list[Callable[[], Delivered]] = [
            partial(product.run, [endpoint], count, receiver),
            lambda: beside_hanging(product, endpoint, count, receiver, hung, next(numbers)),
        ]
        alone, beside = interleave(sides, bench.effort.rounds, bench.say)
    return [
        Figure(
            key="hanging",
            title="An endpoint's deliveries while another endpoint hangs, over those without",
            unit=UNIT,
            ours=rates(beside),
            other=rates(alone),
            other_name="alone",
            measured=rates(beside).over(rates(alone)),
            bound=AT_LEAST,
            target=0.9,
            note=f"{count:,} deliveries to one endpoint; {WAITING:,} more wait for one in the same workspace that "
            f"answers each request after {HANG_SECONDS:.0f} s.",
            detail={
                "ours_costs_us": costs(beside),
                "peer_costs_us": costs(alone),
                "foreign": [run.foreign for run in (*alone, *beside)],
            },
        )
    ]


def beside_hanging(
    product: Deliveries, endpoint: Endpoint, count: int, receiver: Receiver, hung: Receiver, number: int
) -> Delivered:
    """A run while a new endpoint hangs: one that was met before would have an open breaker. It is gone after."""
    other = product.endpoint(hung.url(number), number, workspace=HANGING, timeout=f"{HANG_SECONDS:.0f}s")
    product.hang(other, WAITING, hung)
    run = product.run([endpoint], count, receiver)
    product.drop(other, released=hung.release)
    until(lambda: product.finished([other]), within=20, what="the deliveries to the hanging endpoint are gone")
    return run
