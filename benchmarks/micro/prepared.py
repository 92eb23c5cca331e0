"""What it costs to ask for a workspace by id: SQL built for each call, built once, or planned once by Postgres too.

Each statement carries the settings of row-level security in front of it, as the server's do. The id is nobody's, so
any database with the product's tables will do; planning costs the same.
"""

import resource
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from server.core import config, tenancy
from server.core.db import db
from server.workspaces.models import Workspace

CALLS, WARM_UP = 5_000, 500
PLANNED = "benchmark_workspace"
WAYS: dict[str, Callable[[UUID], Any]] = {}


def way(name: str) -> Callable[[Callable[[UUID], Any]], Callable[[UUID], Any]]:
    """Names a way to ask."""

    def add(ask: Callable[[UUID], Any]) -> Callable[[UUID], Any]:
        WAYS[name] = ask
        return ask

    return add


@way("built by Peewee for each call")
def built(workspace_id: UUID) -> Any:
    """What a query of Peewee does by itself."""
    return Workspace.select().where(Workspace.id == workspace_id).tuples().first()


@way("text built once")
def built_once(workspace_id: UUID) -> Any:
    """Saves Peewee's part; Postgres still parses and plans."""
    return db.execute_sql(TEXT, (workspace_id,)).fetchone()


@way("planned once by Postgres")
def planned_once(workspace_id: UUID) -> Any:
    """PREPARE on the connection, then EXECUTE."""
    return db.execute_sql(f"EXECUTE {PLANNED} (%s)", (workspace_id,)).fetchone()


TEXT = Workspace.select().where(Workspace.id == uuid4()).sql()[0]


def main() -> None:
    """Measures each way and prints microseconds a call."""
    database = config.read(config.Core).database_url.get_secret_value()
    db.open(database, role="userdata_app", application="userdata-micro")
    db.execute_sql(f"PREPARE {PLANNED} (uuid) AS {TEXT.replace('%s', '$1')}")
    backend = int(db.execute_sql("SELECT pg_backend_pid()").fetchone()[0])
    print(f"{'':32}{'this process':>14}{'Postgres':>12}{'elapsed':>12}   µs a call")
    for name, ask in WAYS.items():
        mine, theirs, elapsed = measure(ask, backend)
        print(f"{name:32}{mine:14.1f}{theirs:12.1f}{elapsed:12.1f}")


def measure(ask: Callable[[UUID], Any], backend: int) -> tuple[float, float, float]:
    """Processor time of this process and of the backend, and time elapsed: microseconds a call."""
    nobodys, person = uuid4(), uuid4()
    for _ in range(WARM_UP):
        with tenancy.reading(workspace=nobodys, user=person):
            ask(nobodys)
    before = (own_seconds(), backend_seconds(backend), perf_counter())
    for _ in range(CALLS):
        with tenancy.reading(workspace=nobodys, user=person):
            ask(nobodys)
    after = (own_seconds(), backend_seconds(backend), perf_counter())
    mine, theirs, elapsed = ((later - earlier) / CALLS * 1e6 for earlier, later in zip(before, after, strict=True))
    return mine, theirs, elapsed


def own_seconds() -> float:
    """Processor time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def backend_seconds(pid: int) -> float:
    """Processor time of a process in nanosecond steps (proc_pid_schedstat, Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    main()
