"""One process of the DBOS peer: workflows, and a loop that starts as many as each line of standard input asks for."""

import json
import os
import sys
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

from dbos import DBOS, DBOSConfig

starts: list[float] = []
"""When the steps of the workflow that runs alone began."""


@DBOS.step()
def noop() -> None:
    """Does nothing; that it did is written down."""


@DBOS.step()
def mark() -> None:
    """As `noop`, but keeps when it began."""
    starts.append(perf_counter())


@DBOS.step()
def compute(seconds: float) -> int:
    """So many seconds of Python."""
    end, rounds = perf_counter() + seconds, 0
    while perf_counter() < end:
        rounds += 1
    return rounds


@DBOS.workflow()
def noops(count: int) -> None:
    """So many steps that do nothing, one after the other."""
    for _ in range(count):
        noop()


@DBOS.workflow()
def marks(count: int) -> None:
    """As `noops`, with `mark`."""
    for _ in range(count):
        mark()


@DBOS.workflow()
def computes(count: int, seconds: float) -> None:
    """So many steps of so many seconds of Python each."""
    for _ in range(count):
        compute(seconds)


def concurrent(workflows: int, steps: int) -> dict[str, Any]:
    """Starts so many workflows without waiting for any, then waits for all."""
    began = perf_counter()
    for handle in [DBOS.start_workflow(noops, steps) for _ in range(workflows)]:
        handle.get_result()
    return {"seconds": perf_counter() - began}


def sequential(steps: int) -> dict[str, Any]:
    """One workflow alone; gives the distances between the beginnings of its steps."""
    starts.clear()
    marks(steps)
    return {"gaps": [after - before for before, after in pairwise(starts)]}


def chain(steps: int, seconds: float) -> dict[str, Any]:
    """One workflow of steps that compute, from its start to its result."""
    began = perf_counter()
    DBOS.start_workflow(computes, steps, seconds).get_result()
    return {"seconds": perf_counter() - began}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "concurrent": concurrent,
    "sequential": sequential,
    "chain": chain,
}


def main() -> None:
    """Does what each line of JSON asks for and answers with one, until standard input ends."""
    config: DBOSConfig = {
        "name": "bench-peer",
        "system_database_url": os.environ["DATABASE_URL"],
        "executor_id": os.environ["EXECUTOR"],
        "log_level": "WARNING",
        "run_admin_server": False,
    }
    DBOS(config=config)
    DBOS.launch()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(COMMANDS[asked.pop("command")](**asked)), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
