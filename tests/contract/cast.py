"""Who and what the examples of test_queries.py are about: rows that filled.sql makes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=400)
MINUTE = timedelta(minutes=1)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


def row_id(kind: int, number: int) -> UUID:
    """As id() of filled.sql."""
    return UUID(f"{kind:08x}-0000-7000-8000-{number:012x}")


def event_id(number: int) -> UUID:
    """The event that is so many times 40 seconds before today, as filled.sql names it."""
    milliseconds = int((TODAY - number * timedelta(seconds=40)).timestamp()) * 1000
    return UUID(int=milliseconds << 80 | 0x7000_8000 << 48 | number)


def hash_of(kind: str, number: int) -> bytes:
    """As hash() of filled.sql."""
    return sha256(f"{kind}{number}".encode()).digest()


@dataclass(frozen=True)
class Example:
    """A call of a query, as the database role `role`, by `user` in `workspace`."""

    name: str
    query: Callable[..., Any]
    call: Callable[[], Any]
    role: str
    user: UUID
    workspace: UUID


@dataclass(frozen=True)
class Cast:
    """Who the examples are about: someone as most are, or who has very much."""

    name: str
    user: UUID
    workspace: UUID
    session: UUID
    key: UUID
    workspace_key: UUID
    invitation: UUID
    transfer: UUID
    endpoint: UUID
    event: UUID
    replay: UUID

    def app(self, query: Callable[..., Any], *arguments: Any, **options: Any) -> Example:
        """An example in the server's role."""
        return self._example("userdata_app", query, arguments, options)

    def worker(self, query: Callable[..., Any], *arguments: Any, **options: Any) -> Example:
        """An example in the workers' role."""
        return self._example("userdata_worker", query, arguments, options)

    def _example(self, role: str, query: Callable[..., Any], arguments: Any, options: Any) -> Example:
        name = f"{self.name}-{query.__module__.removeprefix('server.')}.{query.__name__}"
        return Example(name, query, partial(query, *arguments, **options), role, self.user, self.workspace)


CASTS = [
    Cast(
        name="ordinary",
        user=row_id(1, 4321),
        workspace=row_id(5, 4321),
        session=row_id(2, 4320),
        key=row_id(4, 13320),
        workspace_key=row_id(8, 4320),
        invitation=row_id(6, 4321),
        transfer=row_id(7, 4320),
        endpoint=row_id(11, 4321),
        event=event_id(4321),
        replay=row_id(12, 4321),
    ),
    Cast(
        name="heavy",
        user=row_id(1, 1),
        workspace=row_id(5, 1),
        session=row_id(2, 100),
        key=row_id(4, 50),
        workspace_key=row_id(8, 100),
        invitation=row_id(6, 500),
        transfer=row_id(7, 10000),
        endpoint=row_id(11, 1),
        event=event_id(4000),
        replay=row_id(12, 50),
    ),
]
