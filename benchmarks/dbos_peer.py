"""The DBOS peer as one side of the benchmark: its database, its processes, its runs."""

import os
from contextlib import closing
from time import perf_counter
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from benchmarks.commanded import Commanded
from benchmarks.costs import Groups, metered
from benchmarks.executed import Executed
from benchmarks.load import PYTHON
from benchmarks.peer import PeerError

DATABASE = "bench_dbos"
APP = "benchmarks.peers.dbos_app.app"
DONE = """
SELECT (SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'),
    (SELECT count(*) FROM dbos.operation_outputs)
"""


class DbosPeer:
    """Runs the peer while the block lasts, on a Postgres that is there, with so many processes.

    `postgres` gives the processes of that Postgres.
    """

    def __init__(self, *, database_url: str, processes: int, postgres: Groups) -> None:
        self._admin_url, self._count, self._postgres = database_url, processes, postgres
        self._url = urlunsplit(urlsplit(database_url)._replace(path=f"/{DATABASE}"))
        self._processes: list[Commanded] = []

    def __enter__(self) -> Self:
        with closing(psycopg2.connect(self._admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        try:
            # One after the other: the first one makes the tables.
            for number in range(self._count):
                environment = os.environ | {"DATABASE_URL": self._url, "EXECUTOR": f"bench-{number}"}
                self._processes.append(Commanded(PYTHON, APP, environment))
                self._processes[-1].answer()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop()

    def concurrent(self, workflows: int, steps: int) -> Executed:
        """Starts so many workflows of so many steps that do nothing, all at once, and waits for all of them.

        Raises PeerError when not each of them was recorded.
        """
        before, share = self._recorded(), workflows // self._count

        def run() -> float:
            began = perf_counter()
            for process in self._processes:
                process.ask("concurrent", workflows=share, steps=steps)
            for process in self._processes:
                process.answer()
            return perf_counter() - began

        seconds, spent = metered(self._groups, run)
        count, came = share * self._count, self._recorded()
        done = (came[0] - before[0], came[1] - before[1])
        if done != (count, count * steps):
            raise PeerError(
                f"DBOS recorded {done[0]} workflows and {done[1]} steps instead of {count} with {steps} each."
            )
        return Executed(count * steps, seconds, spent.each(count * steps), spent.foreign)

    def sequential(self, steps: int) -> list[float]:
        """One workflow alone: seconds from the beginning of each step to that of the next."""
        gaps: list[float] = self._ask("sequential", steps=steps)["gaps"]
        return gaps

    def chain(self, steps: int, seconds: float) -> float:
        """Seconds that one workflow of steps of so many seconds of Python each takes."""
        return float(self._ask("chain", steps=steps, seconds=seconds)["seconds"])

    def _ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._processes[0].ask(command, **arguments)
        return self._processes[0].answer()

    def _groups(self) -> dict[str, list[int]]:
        return {"runner": [process.pid for process in self._processes]} | self._postgres()

    def _recorded(self) -> tuple[int, int]:
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(DONE)
            rows: list[tuple[int, int]] = cursor.fetchall()
            return rows[0]

    def _stop(self) -> None:
        for process in self._processes:
            process.stop()
