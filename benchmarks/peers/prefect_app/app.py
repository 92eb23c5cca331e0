"""A process with a flow, and a loop that runs it as each line of standard input asks."""

import json
import sys
from time import perf_counter

from prefect import flow, task


@task(persist_result=True)
def compute(seconds: float, number: int) -> int:
    """So many seconds of Python. Its number makes each task another one to the cache."""
    end, rounds = perf_counter() + seconds, number
    while perf_counter() < end:
        rounds += 1
    return rounds


@flow
def computes(count: int, seconds: float) -> None:
    """So many tasks, one after the other."""
    for number in range(count):
        compute(seconds, number)


def main() -> None:
    """Answers each line of JSON with one, until standard input ends."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        began = perf_counter()
        computes(asked["steps"], asked["seconds"])
        print(json.dumps({"seconds": perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
