"""Reading the log of a workspace. Ids carry their time, which tells the partition."""

# ruff: noqa: S608 - statements are put together of this module's own words

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from server.core import arrays, ids
from server.core.db import Statement, db
from server.events.queries.following import COLUMNS, EventRow

_GET: Final = Statement("SELECT " + COLUMNS + " FROM event WHERE workspace_id = %s AND create_time = %s AND id = %s")
_SEVERAL: Final = Statement(
    "SELECT "
    + COLUMNS
    + """ FROM unnest(%s::uuid[], %s::timestamptz[]) AS wanted (id, time)
    JOIN event ON event.create_time = wanted.time AND event.id = wanted.id WHERE event.workspace_id = %s
"""
)
# Of each type apart: an index has the events of one type in order, not those of several.
_BY_TYPE: Final = """
SELECT event.* FROM unnest({types}::text[]) AS wanted (type), LATERAL (
    SELECT * FROM event WHERE {where} AND event.type = wanted.type ORDER BY event.id DESC LIMIT {limit}) AS event
"""


def get(workspace_id: UUID, event_id: UUID) -> EventRow | None:
    """An event of the workspace."""
    row = db.execute_sql(_GET, (workspace_id, ids.time_of(event_id), event_id)).fetchone()
    return EventRow._make(row) if row else None


def several(workspace_id: UUID, wanted: Sequence[tuple[UUID, datetime]]) -> list[EventRow]:
    """The events of the workspace with these ids and times."""
    keys = (arrays.plain(event_id for event_id, _ in wanted), arrays.plain(time for _, time in wanted))
    return [EventRow._make(row) for row in db.execute_sql(_SEVERAL, (*keys, workspace_id)).fetchall()]


def page_of(
    workspace_id: UUID,
    *,
    types: Sequence[str] | None,
    subject: str | None,
    since: datetime | None,
    before: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[EventRow]:
    """At most `limit` events by id, the newest first, and of them those after the event `after` in that order.

    `types` and `subject` are those wanted, None for all; events lie at or after `since` and before `before`.
    """
    parts: dict[str, Any] = {"event.workspace_id = %s": workspace_id}
    if subject is not None:
        parts["event.subject = %s"] = subject
    if since is not None:
        parts["event.create_time >= %s"] = since
    if before is not None:
        parts["event.create_time < %s"] = before
    if after is not None:
        # The time tells the partitions, the id goes on within the last one.
        parts["event.create_time <= %s"] = ids.time_of(after)
        parts["event.id < %s"] = after
    values = list(parts.values())
    statement = _page(tuple(parts), by_type=types is not None)
    arguments = [*values, limit] if types is None else [list(types), *values, limit, limit]
    return [EventRow._make(row) for row in db.execute_sql(statement, arguments).fetchall()]


@cache
def _page(parts: tuple[str, ...], *, by_type: bool) -> Statement:
    where = " AND ".join(parts)
    found = _BY_TYPE.format(types="%s", where=where, limit="%s") if by_type else "SELECT * FROM event WHERE " + where
    return Statement("SELECT " + COLUMNS + " FROM (" + found + ") AS event ORDER BY event.id DESC LIMIT %s")
