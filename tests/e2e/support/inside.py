"""Looks and reaches into a running installation, as an operator could."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.database import as_owner
from udb.installation import Installation
from udb.probes import ask


def jobs(installation: Installation) -> list[tuple[str, int, str]]:
    """State, number of attempts and last error of all jobs that have begun or are due."""
    with as_owner(installation.database_url) as cursor:
        cursor.execute("SELECT state, attempts, error FROM job WHERE attempts > 0 OR run_time <= now()")
        found: list[tuple[str, int, str]] = cursor.fetchall()
    return found


def written(installation: Installation) -> Counter[str]:
    """How often the workers wrote each letter."""
    lines = (installation.var.log / "worker.1.log").read_bytes().splitlines()
    records = [json.loads(line) for line in lines if b'"mail written"' in line]
    return Counter(record["file"] for record in records)


def serving(installation: Installation) -> int:
    """How many server processes Envoy sends calls to."""
    address = installation.state.addresses["admin"].removeprefix("http://")
    stats = ask(address, "/stats?filter=^cluster.rpc.membership_healthy$").decode()
    return int(stats.rpartition(":")[2])


@contextmanager
def held(installation: Installation, name: str) -> Iterator[None]:
    """Have a process stand still for the time of a block."""
    installation.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        installation.kill(name, signal.SIGCONT)
