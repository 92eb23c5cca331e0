"""What is measured beside the peer: reading, creating, and how even the answers come."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.figures import AT_LEAST, TIMES, UNDER, Effort, Figure, Sample, interleave, rates
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


def get(bench: Bench) -> list[Figure]:
    """GET /v1/workspaces/{id} through Envoy and over gRPC, beside the peer's GET."""
    bench.product.sign_in_again()
    loads = [bench.product.get_over_rest(), bench.product.get_over_grpc(), bench.peer.get_workspace()]
    rest, grpc, peer = interleave([bench.effort.of(load) for load in loads], bench.effort.rounds, bench.say)
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
    loads = [bench.product.create_over_rest(), bench.peer.create_workspace()]
    ours, peer = interleave([bench.effort.of(load) for load in loads], bench.effort.rounds, bench.say)
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
            "client_cpu_us": [outcome.client_cpu_us for outcome in ours],
        },
    )


def latency(bench: Bench) -> list[Figure]:
    """p99 over p50 at half of the maximum load, in an open loop, each side at half of its own maximum."""
    bench.product.sign_in_again()
    effort = bench.effort
    loads = [at_half_load(bench, load) for load in (bench.product.get_over_rest(), bench.peer.get_workspace())]
    ours, peer = interleave(loads, effort.rounds, bench.say)
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
                "ours": {"rate": loads[0].rate, "p50_ms": p50(ours), "p99_ms": p99(ours)},
                "peer": {"rate": loads[1].rate, "p50_ms": p50(peer), "p99_ms": p99(peer)},
            },
        )
    ]


def at_half_load(bench: Bench, load: Load) -> Load:
    """The load at half the rate that it reaches now, as fast as answers come."""
    most = run(bench.effort.of(load)).rate
    bench.say(f"  maximum {most:,.0f}/s, so half is {most * LATENCY_SHARE:,.0f}/s")
    return replace(bench.effort.of(load), rate=round(most * LATENCY_SHARE, 1))


def spread(outcomes: list[Outcome]) -> Sample:
    """p99 over p50 of each run."""
    return Sample([outcome.p99_ms / outcome.p50_ms for outcome in outcomes])


def p50(outcomes: list[Outcome]) -> list[float]:
    """The medians, milliseconds."""
    return [outcome.p50_ms for outcome in outcomes]


def p99(outcomes: list[Outcome]) -> list[float]:
    """The 99th percentiles, milliseconds."""
    return [outcome.p99_ms for outcome in outcomes]
