"""The way of an event from the log into the feed, written as SQL: locking is its point."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.core.waking import Waker

#: The channel on which a commit tells readers of the feed that it goes on.
CHANNEL: Final = "feed"
_WAKER: Final = Waker(CHANNEL)

_HOLD: Final = Statement("SELECT position FROM event_drain FOR UPDATE SKIP LOCKED")

# With an array of numbers and a look-up of each event (OFFSET 0), not joins: a join may read a whole table to find a
# thousand rows of it.
_TAKE: Final = Statement("""
    WITH taken AS (
        DELETE FROM event_pending
        WHERE number = ANY (ARRAY(SELECT number FROM event_pending ORDER BY number LIMIT %s))
        RETURNING number, event_id, event_time
    )
    SELECT found.* FROM taken CROSS JOIN LATERAL (
        SELECT event.id, event.create_time, event.workspace_id, event.type, event.subject, event.channels,
            event.ordering_key, event.sequence, event.data::text, event.trace_parent,
            event.actor
        FROM event WHERE event.create_time = taken.event_time AND event.id = taken.event_id OFFSET 0
    ) found
    ORDER BY taken.number
""")

_FEED: Final = Statement("""
    WITH moved AS (UPDATE event_drain SET position = %s)
    INSERT INTO event_feed (feed_time, position, workspace_id, event_id, event_time, type, matches)
    SELECT %s, * FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::integer[])
""")


def hold() -> int | None:
    """Be the drain until the transaction ends; gives the last position that was given, or None: another one is."""
    row = db.execute_sql(_HOLD, ()).fetchone()
    return None if row is None else row[0]


def take(limit: int) -> list[tuple[Any, ...]]:
    """Take at most `limit` events off those that wait, in the order in which they were published.

    A row is id, create_time, workspace_id, type, subject, channels, ordering_key, sequence, data as text, trace_parent,
    actor.
    """
    return db.execute_sql(_TAKE, (limit,)).fetchall()  # type: ignore[no-any-return]


def feed(rows: Sequence[tuple[int, UUID, UUID, datetime, str, int]], *, now: datetime) -> None:
    """Append `rows` of position, workspace, event, its time, its type and its matches, and go on after the last."""
    _WAKER.wake_after_commit()
    positions, workspaces, events, times, types, matches = zip(*rows, strict=True)
    columns = (arrays.plain(column) for column in (positions, workspaces, events, times, types, matches))
    db.execute_sql(_FEED, (positions[-1], now, *columns))
