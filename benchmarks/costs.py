"""Processor time that a request costs, by kind of process: what a ratio of throughputs is made of.

Unlike throughput it hardly changes when something else runs on the machine.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

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
        The outcome with `costs`: microseconds of processor time per request, by kind of process. The warm-up is in
        both the time and the requests.
    """
    before = seconds(side.groups())
    outcome = run(side.load)
    after = seconds(side.groups())
    requests = outcome.rate * (outcome.seconds + side.load.warm_up)
    costs = {name: round((after[name] - before.get(name, 0.0)) / requests * 1e6, 1) for name in after}
    return replace(outcome, costs=costs | {"generator": outcome.client_cpu_us})


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
