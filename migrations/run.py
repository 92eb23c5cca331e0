"""Runs the migrations as the owner of the database, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from peewee import PostgresqlDatabase
from playhouse.migrations import Runner

_DIRECTORY: Final = Path(__file__).parent
#: An arbitrary constant: two installations that start at once migrate one after the other.
_LOCK: Final = 0x75736572


@dataclass(frozen=True)
class Step:
    """One migration and whether this database has it."""

    name: str
    applied: bool


def migrate(url: str, target: str | None = None) -> list[str]:
    """Bring the database at `url` up to `target` (the newest by default); gives the names applied."""
    with _runner(url) as runner:
        applied: list[str] = runner.up(target)
        return applied


def rollback(url: str, target: str | None = None) -> list[str]:
    """Revert the last migration, or every one back through `target`; gives the names reverted."""
    with _runner(url) as runner:
        reverted: list[str] = runner.down(target)
        return reverted


def status(url: str) -> list[Step]:
    """All migrations in order."""
    with _runner(url) as runner:
        return [Step(step.name, bool(step.applied)) for step in runner.status()]


@contextmanager
def _runner(url: str) -> Iterator[Any]:
    database = PostgresqlDatabase(
        url.replace("postgres://", "postgresql://", 1), options="-c timezone=UTC -c lock_timeout=10s"
    )
    try:
        database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield Runner(database, str(_DIRECTORY))
    finally:
        # Closing the connection lets the lock go.
        database.close()
