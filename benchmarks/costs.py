"""Processor time that a request costs, by kind of process: what a ratio of throughputs is made of.

Unlike throughput it hardly changes when something else runs on the machine.
"""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from benchmarks.load import Load, Outcome, run

TICK = 1 / os.sysconf("SC_CLK_TCK")
Groups = Callable[[], dict[str, list[int]]]
"""Gives the process ids by kind, as they are now."""


@dataclass(frozen=True)
class Side:
    """A load, and the processes that work on it."""

    load: Load
    groups: Groups


def measured(side: Side) -> Outcome:
    """Runs the side's load.

    Returns:
        The outcome with `costs`, microseconds of processor time per request by kind of process (the warm-up is in both
        the time and the requests), and with `foreign`.
    """
    before, busy, began = seconds(side.groups()), busy_seconds(), perf_counter()
    generator = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = run(side.load)
    after, known = seconds(side.groups()), 0.0
    costs = {}
    for name, spent in after.items():
        costs[name] = spent - before.get(name, 0.0)
        known += costs[name]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    known += ended.ru_utime + ended.ru_stime - generator.ru_utime - generator.ru_stime
    foreign = (busy_seconds() - busy - known) / (perf_counter() - began) / (os.cpu_count() or 1)
    requests = outcome.rate * (outcome.seconds + side.load.warm_up)
    each = {name: round(spent / requests * 1e6, 1) for name, spent in costs.items()}
    return replace(outcome, costs=each | {"generator": outcome.client_cpu_us}, foreign=round(max(foreign, 0.0), 4))


def busy_seconds() -> float:
    """Time that all processors together were not idle, the hypervisor's other guests included (proc_stat(5))."""
    user, nice, system, _idle, _waiting, *rest = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    return sum(map(int, (user, nice, system, *rest))) * TICK


def seconds(groups: dict[str, list[int]]) -> dict[str, float]:
    """Processor time that each kind has taken so far."""
    return {name: sum(_of(pid) for pid in pids) for name, pids in groups.items()}


def children(pid: int) -> list[int]:
    """The processes that a process has started, such as the backends of Postgres."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _words(task / "children")]


def _of(pid: int) -> float:
    # proc_pid_stat(5): the name in brackets may hold blanks; user and system time are the 12th and 13th after it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def _words(path: Path) -> list[str]:
    return path.read_text().split()
