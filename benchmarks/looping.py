"""Whether a long `foreach` takes as much longer as it has more items, and how much memory it wants."""

from threading import Event, Thread
from time import perf_counter
from typing import Self

from benchmarks.executions import Workflow, workflow
from benchmarks.figures import UNDER, Figure, Sample
from benchmarks.load import LoadFailedError
from benchmarks.memory import resident_mb
from benchmarks.scenarios import Bench
from benchmarks.steps import NOOP

PARTS = (4, 2, 1)
"""The most items are divided by these."""
AT_ONCE = 50
LINEAR = 1.3
"""How much more than in proportion still counts as linear."""
LOOP = {
    "steps": [
        {
            "id": "each",
            "type": "foreach",
            "with": {"items": "input.items", "concurrency": AT_ONCE},
            "steps": [{"id": "one", "type": NOOP, "with": {"value": "${item}"}}],
        }
    ],
    "output": {},
}
TARGET_MB = 300.0
LAST = """
SELECT state, (SELECT count(*) FROM workflow_step WHERE execution_id = id AND status = 'SUCCEEDED')
FROM workflow_execution WHERE workflow_id = %s ORDER BY id DESC LIMIT 1
"""


class Peak:
    """The most memory that a process had while the block lasts, megabytes in `value`."""

    def __init__(self, pids: list[int]) -> None:
        self._pids, self._over = pids, Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.value = self._now()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _now(self) -> float:
        return max(resident_mb(pid) for pid in self._pids)

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.value = max(self.value, self._now())


def looping(bench: Bench) -> list[Figure]:
    """A quarter of the items, a half, all of them."""
    bench.product.sign_in_again()
    sizes = [bench.effort.items // part for part in PARTS]
    times: list[list[float]] = [[] for _ in sizes]
    peaks = []
    runners = bench.product.groups()["runner"]
    before = max(resident_mb(pid) for pid in runners)
    with workflow(bench.product, 8, LOOP) as loop:
        each_item(loop, AT_ONCE)
        for number in range(bench.effort.rounds):
            with Peak(runners) as peak:
                for size, collected in zip(sizes, times, strict=True):
                    collected.append(each_item(loop, size))
            peaks.append(peak.value)
            told = " · ".join(f"{collected[-1]:.2f} s" for collected in times)
            bench.say(f"  round {number + 1} of {bench.effort.rounds}: {told}, {peak.value:.0f} MB")
    ours, quarter = Sample(times[-1]), Sample(times[0])
    note = (
        f"{', '.join(f'{size:,}' for size in sizes)} items, {AT_ONCE} at a time, an effect that does nothing for each."
    )
    return [
        Figure(
            key="foreach",
            title=f"foreach over {sizes[-1]:,} items, beside {PARTS[0]} times as long as over {sizes[0]:,}",
            unit="s",
            ours=ours,
            other=Sample([value * PARTS[0] for value in quarter.values]),
            other_name=f"{PARTS[0]} {chr(0xD7)} {sizes[0]:,}",
            measured=Sample([mine / (PARTS[0] * less) for mine, less in zip(ours.values, quarter.values, strict=True)]),
            bound=UNDER,
            target=LINEAR,
            note=note,
            detail={"sizes": sizes, "seconds": times},
        ),
        Figure(
            key="foreach_memory",
            title=f"Memory of a runner in a foreach over {sizes[-1]:,} items",
            unit="MB",
            ours=Sample(peaks),
            other=Sample([before]),
            other_name="before",
            measured=Sample(peaks),
            measured_unit="MB",
            bound=UNDER,
            target=TARGET_MB,
            note="The most resident memory that one of them had.",
        ),
    ]


def each_item(loop: Workflow, count: int) -> float:
    """Seconds that one execution over so many items takes. Raises LoadFailedError when it did not succeed."""
    began = perf_counter()
    loop.start([{"items": list(range(count))}])
    loop.finished(count)
    seconds = perf_counter() - began
    state, records = loop.query(LAST, (loop.uuid,))[0]
    # Each item, and the loop itself.
    if (state, records) != ("SUCCEEDED", count + 1):
        raise LoadFailedError(f"The execution over {count} items became {state} with {records} records.")
    return seconds
