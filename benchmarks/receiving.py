"""Receivers of webhooks, seen from the benchmark: their processes, their addresses, what they counted."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Self

from benchmarks.load import PYTHON, ROOT, LoadFailedError
from udb.supervisor.spec import guarded


@dataclass(frozen=True)
class Report:
    """What a receiver has counted: requests, bytes of bodies, and arrivals since the last report."""

    count: int
    bytes: int
    times: list[float]


class Receiver:
    """A receiver that runs while the block lasts; with `hang` it answers that many seconds later."""

    def __init__(self, *, hang: float = 0.0) -> None:
        self._hang = hang

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            guarded((str(PYTHON), "-m", "benchmarks.receiver", "--hang", str(self._hang))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.port = int(self._line())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=10)
        self._pipe(self._process.stdout).close()

    def groups(self) -> dict[str, list[int]]:
        """Its process, as a kind of its own."""
        return {"receiver": [self._process.pid]}

    def url(self, number: int) -> str:
        """A URL with a host of its own for each number, up to 60,000."""
        return f"http://127.1.{number // 250}.{number % 250 + 1}:{self.port}/hook"

    def report(self) -> Report:
        """What came so far."""
        self._command("report")
        return Report(**json.loads(self._line()))

    def release(self) -> None:
        """Have it answer all requests that it holds."""
        self._command("release")

    def wait(self, count: int, *, within: float, every: float = 0.02) -> Report:
        """Gives the report that tells that so many requests have come.

        Raises:
            LoadFailedError: they did not come within so many seconds.
        """
        reports: list[Report] = []

        def enough() -> bool:
            reports.append(self.report())
            return reports[-1].count >= count

        until(enough, within=within, what=f"{count} requests reached the receiver", every=every)
        return reports[-1]

    def _command(self, word: str) -> None:
        pipe = self._pipe(self._process.stdin)
        pipe.write(word + "\n")
        pipe.flush()

    def _line(self) -> str:
        line = self._pipe(self._process.stdout).readline()
        if not line:
            raise LoadFailedError("The receiver ended: see what it printed above.")
        return line

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None  # noqa: S101 - the process was started with it
        return pipe


def until(done: Callable[[], bool], *, within: float, what: str, every: float = 0.02) -> None:
    """Waits for a condition.

    Raises:
        LoadFailedError: it did not become true within so many seconds.
    """
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() > deadline:
            raise LoadFailedError(f"Not within {within:.0f} s: {what}.")
        time.sleep(every)
