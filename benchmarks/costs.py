"""Processor time that a request costs, by kind of process: what a ratio of throughputs is made of.

Unlike throughput it hardly changes when something else runs on the machine.
"""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from benchmarks.load import Load, Outcome, run

TICK = 1 / os.sysconf("SC_CLK_TCK")
Result = TypeVar("Result")
Groups = Callable[[], dict[str, list[int]]]
"""Gives the process ids by kind, as they are now."""


@dataclass(frozen=True)
class Side:
    """A load, and the processes that work on it."""

    load: Load
    groups: Groups


@dataclass(frozen=True)
class Spent:
    """What a piece of work took: processor seconds by kind of process, and the share of the machine others had."""

    seconds: dict[str, float]
    foreign: float

    def each(self, number: float) -> dict[str, float]:
        """Microseconds for each of so many requests, by kind."""
        return {name: round(seconds / number * 1e6, 1) for name, seconds in self.seconds.items()}


def measured(side: Side) -> Outcome:
    """Runs the side's load.

    Returns:
        The outcome with `costs`, microseconds of processor time per request by kind of process (the warm-up is in both
        the time and the requests), and with `foreign`.
    """
    outcome, spent = metered(side.groups, lambda: run(side.load))
    each = spent.each(outcome.rate * (outcome.seconds + side.load.warm_up))
    return replace(outcome, costs=each | {"generator": outcome.client_cpu_us}, foreign=spent.foreign)


def metered(groups: Groups, work: Callable[[], Result]) -> tuple[Result, Spent]:
    """Does the work and looks at the processors before and after.

    Returns:
        What the work gave, and what it took. The benchmark itself and programs that it ran to their end are in neither
        number.
    """
    before, busy, began, own = seconds(groups()), busy_seconds(), perf_counter(), _own_seconds()
    result = work()
    spent = {name: after - before.get(name, 0.0) for name, after in seconds(groups()).items()}
    known = sum(spent.values()) + _own_seconds() - own
    foreign = (busy_seconds() - busy - known) / (perf_counter() - began) / (os.cpu_count() or 1)
    return result, Spent(spent, round(max(foreign, 0.0), 4))


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
    # proc_pid_stat(5): the name in brackets may hold blanks; user and system time are the 12th and 13th after it, then
    # those of children that have ended, such as backends of Postgres.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has just ended, and its parent has its time now
    return sum(map(int, fields[11:15])) * TICK


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _words(path: Path) -> list[str]:
    return path.read_text().split()
