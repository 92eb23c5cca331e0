"""Reading the feed after a position, for one workspace or, by the tail of a streams process, for several."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db

#: Runs a statement and gives its rows: `db` for a call, a connection of its own for a tail.
Run = Callable[[str, Sequence[Any]], Sequence[tuple[Any, ...]]]

# Positions grow with time, but drains on several machines may have clocks that differ.
_SKEW: Final = timedelta(hours=1)

_SCAN: Final = Statement("""
    SELECT position, feed_time, workspace_id, event_id, event_time, type FROM event_feed
    WHERE workspace_id = %s AND position > %s AND feed_time >= %s ORDER BY position LIMIT %s
""")
_LATEST: Final = Statement("""
    SELECT position, feed_time FROM event_feed WHERE workspace_id = %s ORDER BY position DESC LIMIT 1
""")

#: The columns of an event, as EventRow has them.
COLUMNS: Final = """event.id, event.create_time, event.workspace_id, event.type, event.subject, event.data::text,
    event.channels, event.ordering_key, event.sequence, event.dedupe_key, event.actor, event.request_id,
    event.trace_parent"""
# The times alone tell the partitions; without the bounds the planner would think of all of them. OFFSET 0 has it look
# up each event on its own: a join starts from every event between the bounds, of which its statistics know too few.
_EVENTS: Final = f"""
    SELECT found.* FROM unnest(%s::uuid[], %s::timestamptz[]) AS wanted (id, time) CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM event
        WHERE event.create_time = wanted.time AND event.id = wanted.id AND event.create_time BETWEEN %s AND %s OFFSET 0
    ) found
"""  # noqa: S608 - of this module's own words

_HEAD: Final = "SELECT position, feed_time FROM event_feed WHERE feed_time >= %s ORDER BY position DESC LIMIT 1"
_SINCE: Final = """
    SELECT position, feed_time, workspace_id, event_id, event_time, type FROM event_feed
    WHERE position > %s AND position <= %s AND feed_time >= %s AND workspace_id = ANY (%s::uuid[])
    ORDER BY position LIMIT %s
"""


class FeedRow(NamedTuple):
    """An event's place in the feed."""

    position: int
    feed_time: datetime
    workspace_id: UUID
    event_id: UUID
    event_time: datetime
    type: str


class EventRow(NamedTuple):
    """An event of the log; `data` is the text of a JSON object."""

    id: UUID
    create_time: datetime
    workspace_id: UUID
    type: str
    subject: str
    data: str
    channels: list[str]
    ordering_key: str | None
    sequence: int | None
    dedupe_key: str | None
    actor: str
    request_id: str
    trace_parent: str


def run(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    """Run a statement in the scope of the call."""
    return db.execute_sql(sql, values).fetchall()  # type: ignore[no-any-return]


def scan(workspace_id: UUID, position: int, time: datetime, *, limit: int) -> list[FeedRow]:
    """The first `limit` rows of the workspace after `position`, which was fed at `time`."""
    return [FeedRow._make(row) for row in run(_SCAN, (workspace_id, position, time - _SKEW, limit))]


def latest(workspace_id: UUID) -> tuple[int, datetime] | None:
    """The last position of the workspace and its time."""
    row = db.execute_sql(_LATEST, (workspace_id,)).fetchone()
    return None if row is None else (row[0], row[1])


def events(rows: Sequence[FeedRow], execute: Run = run) -> dict[UUID, EventRow]:
    """The events of `rows` by id; those that are past their retention are missing."""
    if not rows:
        return {}
    times = [row.event_time for row in rows]
    wanted = (arrays.plain(row.event_id for row in rows), arrays.plain(time.isoformat() for time in times))
    found = execute(_EVENTS, (*wanted, min(times), max(times)))
    return {row[0]: EventRow._make(row) for row in found}


def head(execute: Run, since: datetime) -> tuple[int, datetime] | None:
    """The last position of all workspaces and its time, None when nothing was fed after `since`."""
    rows = execute(_HEAD, (since - _SKEW,))
    return (rows[0][0], rows[0][1]) if rows else None


def since(
    execute: Run, position: int, time: datetime, *, through: int, workspaces: Collection[UUID], limit: int
) -> list[FeedRow]:
    """The first `limit` rows of `workspaces` after `position`, which was fed at `time`, up to `through`."""
    values = (position, through, time - _SKEW, arrays.plain(workspaces), limit)
    return [FeedRow._make(row) for row in execute(_SINCE, values)]
