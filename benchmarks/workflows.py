"""What is measured of workflows beside peers: steps per second, how soon a step follows, what 40 steps cost."""

from functools import partial
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.dbos_peer import DbosPeer
from benchmarks.executed import Executed
from benchmarks.executions import sequence, workflow
from benchmarks.figures import AT_LEAST, UNDER, Figure, Sample, costs, interleave, rates
from benchmarks.prefect_peer import PrefectPeer
from benchmarks.scenarios import Bench
from benchmarks.steps import NOOP, PYTHON

STEPS = 3
LONG, WORK_SECONDS = 40, 0.01
"""Steps of the long workflow, and what each of them computes."""
ALONE = 100
"""Steps of the workflow that runs alone."""
WARM_UP = 100
UNIT = "steps/s"
DBOS, PREFECT = "DBOS", "Prefect"


def workflows(bench: Bench) -> list[Figure]:
    """Many small workflows at once, beside DBOS."""
    bench.product.sign_in_again()
    effort = bench.effort
    with (
        dbos(bench) as peer,
        workflow(bench.product, 0, sequence(NOOP, STEPS)) as effects,
        workflow(bench.product, 1, sequence("transform", STEPS, output=1)) as pure,
    ):
        peer.concurrent(WARM_UP, STEPS)
        for each in (effects, pure):
            each.batches(WARM_UP, STEPS)
        sides = [
            partial(effects.batches, effort.executions, STEPS),
            partial(effects.calls, effort.executions, STEPS),
            partial(pure.batches, effort.executions, STEPS),
            partial(peer.concurrent, effort.peer_executions, STEPS),
        ]
        batches, calls, transforms, theirs = interleave(sides, effort.rounds, bench.say)
    words = f"{effort.executions:,} executions of {STEPS} steps"
    return [
        beside_dbos(
            "steps",
            f"Workflows of {STEPS} steps, started by the thousand",
            batches,
            theirs,
            f"{words}; each step is an effect that does nothing, and is on disk before the next one begins; "
            f"the clock runs from the first call until all are finished. DBOS: {effort.peer_executions:,} workflows, "
            f"started in {machine.cores()} processes of its own.",
        ),
        beside_dbos(
            "steps_called",
            f"Workflows of {STEPS} steps, started one by one",
            calls,
            theirs,
            "The same, each started by a call of ExecuteWorkflow over gRPC.",
        ),
        beside_dbos(
            "steps_pure",
            f"Workflows of {STEPS} transforms, started by the thousand",
            transforms,
            theirs,
            f"{words} that are pure: they are written down together.",
            target=None,
        ),
    ]


def beside_dbos(
    key: str, title: str, ours: list[Executed], theirs: list[Executed], note: str, *, target: float | None = 5.0
) -> Figure:
    """Steps per second over those of the peer, round by round."""
    return Figure(
        key=key,
        title=title,
        unit=UNIT,
        ours=rates(ours),
        other=rates(theirs),
        other_name=DBOS,
        measured=rates(ours).over(rates(theirs)),
        bound=AT_LEAST,
        target=target,
        note=note,
        detail={
            "ours_costs_us": costs(ours),
            "peer_costs_us": costs(theirs),
            "foreign": [run.foreign for run in (*ours, *theirs)],
        },
    )


def step_latency(bench: Bench) -> list[Figure]:
    """One workflow alone: from the beginning of a step to that of the next."""
    bench.product.sign_in_again()
    ours, theirs = [], []
    with dbos(bench) as peer, workflow(bench.product, 2, sequence(NOOP, ALONE)) as alone:
        peer.sequential(ALONE)
        alone.gaps({})
        for number in range(bench.effort.rounds):
            ours.append(median(alone.gaps({})) * 1000)
            theirs.append(median(peer.sequential(ALONE)) * 1000)
            bench.say(f"  round {number + 1} of {bench.effort.rounds}: {ours[-1]:.2f} ms · {theirs[-1]:.2f} ms")
    mine, other = Sample(ours), Sample(theirs)
    note = f"{ALONE} steps that do nothing, one after the other, in one execution; nothing else happens."
    common: dict[str, Any] = {"unit": "ms", "ours": mine, "other": other, "other_name": DBOS}
    return [
        Figure(
            key="step_latency",
            title="From a step to the next one, p50, beside DBOS",
            measured=other.over(mine),
            bound=AT_LEAST,
            target=5.0,
            note=f"{note} The ratio is DBOS over ours.",
            **common,
        ),
        Figure(
            key="step_latency_absolute",
            title="From a step to the next one, p50",
            measured=mine,
            measured_unit="ms",
            bound=UNDER,
            target=5.0,
            note=note,
            **common,
        ),
    ]


def long_workflow(bench: Bench) -> list[Figure]:
    """40 steps of 10 ms of Python each, one after the other, beside DBOS and Prefect: what is added to their 400 ms."""
    bench.product.sign_in_again()
    ours, dbos_ms, prefect_ms = [], [], []
    definition = sequence(PYTHON, LONG, seconds=WORK_SECONDS)
    with dbos(bench) as peer, PrefectPeer() as prefect, workflow(bench.product, 3, definition) as chain:
        chain.execute({})
        peer.chain(LONG, WORK_SECONDS)
        prefect.chain(LONG, WORK_SECONDS)
        for number in range(bench.effort.rounds):
            ours.append(added(chain.execute({})[1]))
            dbos_ms.append(added(peer.chain(LONG, WORK_SECONDS)))
            prefect_ms.append(added(prefect.chain(LONG, WORK_SECONDS)))
            told = f"{ours[-1]:.2f} ms · {dbos_ms[-1]:.2f} ms · {prefect_ms[-1]:.2f} ms a step"
            bench.say(f"  round {number + 1} of {bench.effort.rounds}: {told}")
    mine = Sample(ours)
    note = (
        f"{LONG} steps of {WORK_SECONDS * 1000:.0f} ms of Python, one after the other; the time from start to finish "
        "as the caller sees it, less that of the Python, for each step."
    )
    return [
        Figure(
            key=f"long_{name.lower()}",
            title=f"What a step adds in a workflow of {LONG}, beside {name}",
            unit="ms",
            ours=mine,
            other=Sample(theirs),
            other_name=name,
            measured=mine,
            measured_unit="ms",
            bound=UNDER,
            target=5.0,
            note=note,
        )
        for name, theirs in ((DBOS, dbos_ms), (PREFECT, prefect_ms))
    ]


def added(seconds: float) -> float:
    """Milliseconds for each step that are not the step's own work."""
    return (seconds / LONG - WORK_SECONDS) * 1000


def dbos(bench: Bench) -> DbosPeer:
    """The peer on the Postgres of the product, with a process for each core."""
    url = bench.product.installation.database_url
    return DbosPeer(database_url=url, processes=machine.cores(), postgres=bench.product.postgres)
