"""What is measured beside the peer: reading, creating, and how even the answers come."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.costs import Side, measured
from benchmarks.figures import AT_LEAST, TIMES, UNDER, Effort, Figure, Sample, costs, interleave, rates
from benchmarks.load import Load, Outcome, run
from benchmarks.peer import FastApiPeer
from benchmarks.product import Product

PEER = "FastAPI"
LATENCY_SHARE = 0.5


@dataclass(frozen=True)
class Bench:
    """The two sides, how much to measure, and where to say what happens."""

    product: Product
    peer: FastApiPeer
    effort: Effort
    say: Callable[[str], None]

    def ours(self, load: Load) -> Side:
        """A load of the product."""
        return Side(self.effort.of(load), self.product.groups)

    def theirs(self, load: Load) -> Side:
        """A load of the peer; both use the same Postgres."""
        return Side(self.effort.of(load), lambda: self.peer.groups() | self.product.postgres())


def get(bench: Bench) -> list[Figure]:
    """GET /v1/workspaces/{id} through Envoy and over gRPC, beside the peer's GET."""
    bench.product.sign_in_again()
    sides = [
        bench.ours(bench.product.get_over_rest()),
        bench.ours(bench.product.get_over_grpc()),
        bench.theirs(bench.peer.get_workspace()),
    ]
    rest, grpc, peer = interleave([partial(measured, side) for side in sides], bench.effort.rounds, bench.say)
    return [
        beside_peer(
            key="get_rest",
            title="Get workspace, REST through Envoy",
            ours=rest,
            peer=peer,
            target=3.0,
            note="32 connections; token, membership, permission, row-level security, read.",
        ),
        beside_peer(
            key="get_grpc",
            title="Get workspace, gRPC at the bare servers",
            ours=grpc,
            peer=peer,
            target=4.0,
            note="The same calls and connections, without Envoy; the peer still answers JSON.",
        ),
    ]


def create(bench: Bench) -> list[Figure]:
    """POST /v1/workspaces with a fresh idempotency key, beside the peer's."""
    bench.product.sign_in_again()
    sides = [bench.ours(bench.product.create_over_rest()), bench.theirs(bench.peer.create_workspace())]
    ours, peer = interleave([partial(measured, side) for side in sides], bench.effort.rounds, bench.say)
    note = "Workspace, owner, event and idempotency key in one transaction, on disk before the answer."
    return [
        beside_peer(
            key="create_rest", title="Create workspace, REST through Envoy", ours=ours, peer=peer, target=2.0, note=note
        )
    ]


def beside_peer(*, key: str, title: str, ours: list[Outcome], peer: list[Outcome], target: float, note: str) -> Figure:
    """A throughput figure: ours over the peer's, round by round."""
    mine, theirs = rates(ours), rates(peer)
    return Figure(
        key=key,
        title=title,
        unit="requests/s",
        ours=mine,
        other=theirs,
        other_name=PEER,
        measured=mine.over(theirs),
        bound=AT_LEAST,
        target=target,
        note=note,
        detail={
            "ours_p99_ms": [outcome.p99_ms for outcome in ours],
            "peer_p99_ms": [outcome.p99_ms for outcome in peer],
            "ours_costs_us": costs(ours),
            "peer_costs_us": costs(peer),
            "foreign": [outcome.foreign for outcome in (*ours, *peer)],
        },
    )


def latency(bench: Bench) -> list[Figure]:
    """p99 over p50 at half of the maximum load, in an open loop, each side at half of its own maximum."""
    bench.product.sign_in_again()
    sides = [
        at_half_load(bench, bench.ours(bench.product.get_over_rest())),
        at_half_load(bench, bench.theirs(bench.peer.get_workspace())),
    ]
    ours, peer = interleave([partial(measured, side) for side in sides], bench.effort.rounds, bench.say)
    return [
        Figure(
            key="latency",
            title="p99 over p50 at half load, REST through Envoy",
            unit=TIMES,
            ours=spread(ours),
            other=spread(peer),
            other_name=PEER,
            measured=spread(ours),
            bound=UNDER,
            target=10.0,
            note="Open loop at even distances; a late answer counts from when its request was due.",
            detail={
                "ours": {"rate": sides[0].load.rate, "p50_ms": p50(ours), "p99_ms": p99(ours)},
                "peer": {"rate": sides[1].load.rate, "p50_ms": p50(peer), "p99_ms": p99(peer)},
            },
        )
    ]


def at_half_load(bench: Bench, side: Side) -> Side:
    """The side at half the rate that it reaches now, as fast as answers come."""
    most = run(side.load).rate
    bench.say(f"  maximum {most:,.0f}/s, so half is {most * LATENCY_SHARE:,.0f}/s")
    return replace(side, load=replace(side.load, rate=round(most * LATENCY_SHARE, 1)))


def spread(outcomes: list[Outcome]) -> Sample:
    """p99 over p50 of each run."""
    return Sample([outcome.p99_ms / outcome.p50_ms for outcome in outcomes])


def p50(outcomes: list[Outcome]) -> list[float]:
    """The medians, milliseconds."""
    return [outcome.p50_ms for outcome in outcomes]


def p99(outcomes: list[Outcome]) -> list[float]:
    """The 99th percentiles, milliseconds."""
    return [outcome.p99_ms for outcome in outcomes]
