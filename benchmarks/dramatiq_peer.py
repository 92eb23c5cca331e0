"""The Dramatiq peer as one side of the benchmark: its database, its processes, its runs."""

import json
import os
import signal
import subprocess
from contextlib import closing
from time import perf_counter
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from benchmarks import events
from benchmarks.costs import children, metered
from benchmarks.deliveries import SLOWEST, Delivered
from benchmarks.load import PYTHON, ROOT
from benchmarks.peer import PeerError
from benchmarks.product import Product
from benchmarks.receiving import Receiver, until
from udb.supervisor.spec import guarded

DATABASE = "bench_dramatiq"
APP = "benchmarks.peers.dramatiq_app"
THREADS = 8
"""What `dramatiq --threads` is without a word."""
NOTE = "." * 330
"""Makes bodies as long as the product's, which tell more of the event."""
OPEN = "SELECT EXISTS (SELECT FROM delivery WHERE state <> 'SUCCEEDED')"
RECORDED = "SELECT count(*) FROM delivery WHERE state = 'SUCCEEDED' AND attempts = 1 AND status = 200"


class DramatiqPeer:
    """Runs the peer while the block lasts, on the product's own Postgres and Redis, with a process for each core."""

    def __init__(self, product: Product, *, processes: int) -> None:
        self._product, self._processes = product, processes
        self._admin_url = product.installation.database_url
        self._environment = os.environ | {
            "DATABASE_URL": urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{DATABASE}")),
            "BROKER_URL": product.installation.broker_url,
        }

    def __enter__(self) -> Self:
        with closing(psycopg2.connect(self._admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        counts = ("--processes", str(self._processes), "--threads", str(THREADS))
        command = (str(PYTHON), "-m", "dramatiq", f"{APP}.app", *counts, "--skip-logging")
        self._process = subprocess.Popen(guarded(command), env=self._environment, cwd=ROOT)
        self._connection = psycopg2.connect(self._environment["DATABASE_URL"])
        self._connection.autocommit = True
        return self

    def __exit__(self, *_exception: object) -> None:
        self._connection.close()
        self._signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(timeout=30)

    def run(self, receiver: Receiver, urls: list[str], count: int) -> Delivered:
        """Delivers so many events, of one delivery each, and waits until every attempt is recorded.

        The messages are in the queue before the clock runs: the workers stand still meanwhile. Raises PeerError.
        """
        before = receiver.report().count
        self._signal(signal.SIGSTOP)
        self._enqueue({"urls": urls, "data": events.DATA | {"note": NOTE}, "count": count})

        def deliver() -> float:
            began = perf_counter()
            self._signal(signal.SIGCONT)
            receiver.wait(before + count, within=30 + count / SLOWEST)
            until(lambda: not self._ask(OPEN), within=20, what="the peer recorded all attempts", every=0.005)
            return perf_counter() - began

        seconds, spent = metered(lambda: self._groups() | receiver.groups(), deliver)
        came, recorded = receiver.report().count - before, self._ask(RECORDED)
        if (came, recorded) != (count, count):
            raise PeerError(f"{count} deliveries of the peer became {came} requests and {recorded} records.")
        return Delivered(count, seconds, spent.each(count), spent.foreign)

    def _groups(self) -> dict[str, list[int]]:
        redis = self._product.installation.processes["redis"].pid
        return {"deliverer": family(self._process.pid), "others": [redis]} | self._product.postgres()

    def _signal(self, number: signal.Signals) -> None:
        for pid in family(self._process.pid):
            os.kill(pid, number)

    def _enqueue(self, asked: dict[str, Any]) -> None:
        command = (str(PYTHON), "-m", f"{APP}.enqueue")
        ended = subprocess.run(
            command,
            input=json.dumps(asked),
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if ended.returncode:
            raise PeerError(f"The Dramatiq peer could not publish: {ended.stderr.strip()[-2000:]}")

    def _ask(self, question: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()[0][0]


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    return [pid, *(member for child in children(pid) for member in family(child))]
