"""The lanes: which endpoint has something due, and who may look at it.

Two rules keep wake-ups from getting lost and transactions from waiting for each other:

- Who makes a delivery due writes its lane afterwards, in the same transaction (`wake`). A claim holds the lane while it
  looks, so it comes either before, and what it puts off is put back, or after, and sees the delivery.
- Who changes open deliveries that others may change holds their lanes before (`lock`), in the order of their ids.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.core.waking import Waker

#: The channel on which a commit tells the deliverers that something is due.
CHANNEL: Final = "lane"
_WAKER: Final = Waker(CHANNEL)


class DueLane(NamedTuple):
    """A lane that may be claimed from, and what claiming has to know of its endpoint."""

    endpoint_id: UUID
    workspace_id: UUID
    breaker: str
    opened: int
    rate_time: datetime
    window_failures: int
    failing_time: datetime | None
    revision: int
    retry_delays: list[int]
    timeout_seconds: int
    rate_limit: int | None


class State(NamedTuple):
    """A lane's breaker and block, as recording reads and writes them; `blocked_time` is None for ever."""

    endpoint_id: UUID
    blocked_time: datetime | None
    breaker: str
    opened: int
    window_time: datetime
    window_attempts: int
    window_failures: int
    failing_time: datetime | None


# That a time is before infinity has the planner take the index of what is due, also for values that it does not know.
_DUE: Final = Statement("""
    SELECT lane.endpoint_id, lane.workspace_id, lane.breaker, lane.opened, lane.rate_time, lane.window_failures,
        lane.failing_time, endpoint.revision, endpoint.retry_delays, endpoint.timeout_seconds, endpoint.rate_limit
    FROM webhook_lane lane JOIN webhook_endpoint endpoint ON endpoint.id = lane.endpoint_id
    WHERE lane.due_time <= %s AND lane.due_time < 'infinity'
        AND lane.endpoint_id <> ALL (%s::uuid[]) AND lane.workspace_id <> ALL (%s::uuid[])
    ORDER BY lane.due_time LIMIT %s FOR NO KEY UPDATE OF lane SKIP LOCKED
""")

_NEXT: Final = Statement("""
    SELECT due_time FROM webhook_lane
    WHERE due_time < 'infinity' AND endpoint_id <> ALL (%s::uuid[]) AND workspace_id <> ALL (%s::uuid[])
    ORDER BY due_time LIMIT 1
""")

# What is due of a lane and was not claimed just now is under a lease, held by somebody else for a moment, or to come.
_PUT_OFF: Final = Statement("""
    UPDATE webhook_lane lane SET rate_time = put.rate_time, blocked_time = put.blocked_time, due_time = CASE
        WHEN put.due_time IS NOT NULL THEN put.due_time
        ELSE GREATEST(put.blocked_time, LEAST(
            (SELECT min(COALESCE(lease_time, put.retry_time)) FROM webhook_open_delivery open
                WHERE open.endpoint_id = lane.endpoint_id AND open.due_time <= put.now),
            COALESCE((SELECT open.due_time FROM webhook_open_delivery open
                WHERE open.endpoint_id = lane.endpoint_id AND open.due_time > put.now
                ORDER BY open.due_time LIMIT 1), 'infinity')))
        END
    FROM (SELECT %s::timestamptz AS now, %s::timestamptz AS retry_time, * FROM
        unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        AS each (endpoint_id, due_time, blocked_time, rate_time)) put
    WHERE lane.endpoint_id = put.endpoint_id
""")

_LOCK: Final = Statement("""
    SELECT endpoint_id, NULLIF(blocked_time, 'infinity'), breaker, opened, window_time, window_attempts,
        window_failures, failing_time
    FROM webhook_lane WHERE endpoint_id = ANY (%s::uuid[]) ORDER BY endpoint_id FOR NO KEY UPDATE
""")

# Sorted, as every holder of several lanes is; and written even when nothing changes, since the write is the signal.
_WAKE: Final = Statement("""
    WITH held AS (
        SELECT endpoint_id FROM webhook_lane WHERE endpoint_id = ANY (%s::uuid[]) ORDER BY endpoint_id
        FOR NO KEY UPDATE
    )
    UPDATE webhook_lane lane SET due_time = GREATEST(blocked_time, LEAST(due_time, %s))
    FROM held WHERE lane.endpoint_id = held.endpoint_id
""")

_WRITE: Final = Statement("""
    UPDATE webhook_lane lane SET blocked_time = COALESCE(now.blocked_time, 'infinity'), breaker = now.breaker,
        opened = now.opened, window_time = now.window_time, window_attempts = now.window_attempts,
        window_failures = now.window_failures, failing_time = now.failing_time,
        due_time = GREATEST(COALESCE(now.blocked_time, 'infinity'), LEAST(lane.due_time, now.due_time))
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::integer[], %s::timestamptz[], %s::integer[],
        %s::integer[], %s::timestamptz[], %s::timestamptz[])
        AS now (endpoint_id, blocked_time, breaker, opened, window_time, window_attempts, window_failures,
            failing_time, due_time)
    WHERE lane.endpoint_id = now.endpoint_id
""")

_RELEASE: Final = Statement("""
    UPDATE webhook_open_delivery open SET due_time = %s
    FROM unnest(%s::uuid[], %s::text[]) AS key (endpoint_id, ordering_key),
    LATERAL (
        SELECT head.event_id, head.due_time FROM webhook_open_delivery head
        WHERE head.endpoint_id = key.endpoint_id AND head.ordering_key = key.ordering_key
        ORDER BY head.position LIMIT 1
    ) head
    WHERE open.endpoint_id = key.endpoint_id AND open.event_id = head.event_id AND head.due_time = 'infinity'
""")


def due(*, now: datetime, without: Iterable[UUID], without_workspaces: Iterable[UUID], limit: int) -> list[DueLane]:
    """Hold at most `limit` lanes that have something due, those first that wait longest.

    Not those of some endpoints and workspaces, and none that another transaction holds.
    """
    values = (now, arrays.uuids(without), arrays.uuids(without_workspaces), limit)
    return [DueLane._make(row) for row in db.execute_sql(_DUE, values).fetchall()]


def next_time(*, without: Iterable[UUID], without_workspaces: Iterable[UUID]) -> datetime | None:
    """When the next lane is due that is not of some endpoints and workspaces; None when none is."""
    row = db.execute_sql(_NEXT, (arrays.uuids(without), arrays.uuids(without_workspaces))).fetchone()
    return None if row is None else row[0]


def put_off(
    rows: Sequence[tuple[UUID, datetime | None, datetime, datetime]], *, now: datetime, retry_time: datetime
) -> None:
    """Say when held lanes are looked at next; a row is endpoint, due_time, blocked_time, rate_time.

    Without a due_time it is when the first of the lane's deliveries may be claimed; `retry_time` stands in for
    deliveries that somebody holds for a moment.
    """
    endpoints, due_times, blocked_times, rate_times = zip(*rows, strict=True)
    values = (arrays.uuids(endpoints), arrays.times(due_times), arrays.times(blocked_times), arrays.times(rate_times))
    db.execute_sql(_PUT_OFF, (now, retry_time, *values))


def lock(endpoint_ids: Iterable[UUID]) -> dict[UUID, State]:
    """Hold lanes until the transaction ends; gives how they are."""
    rows = db.execute_sql(_LOCK, (arrays.uuids(sorted(set(endpoint_ids))),)).fetchall()
    return {row[0]: State._make(row) for row in rows}


def wake(endpoint_ids: Iterable[UUID], *, now: datetime) -> None:
    """Have lanes looked at as soon as they are not blocked: something on them is due at `now`."""
    chosen = set(endpoint_ids)
    if chosen:
        _WAKER.wake_after_commit()
        db.execute_sql(_WAKE, (arrays.uuids(chosen), now))


def write(states: Sequence[tuple[State, datetime | None]]) -> None:
    """Set held lanes to these states; each comes with the moment at which something on it is due, None for nothing."""
    if not states:
        return
    columns: list[Sequence[Any]] = list(zip(*(state for state, _ in states), strict=True))
    due_times = [moment for _, moment in states]
    values = (
        arrays.uuids(columns[0]),
        arrays.times(columns[1]),
        arrays.plain(columns[2]),
        arrays.plain(columns[3]),
        arrays.times(columns[4]),
        arrays.plain(columns[5]),
        arrays.plain(columns[6]),
        arrays.times(columns[7]),
        arrays.times(due_times),
    )
    db.execute_sql(_WRITE, values)


def release(keys: Iterable[tuple[UUID, str]], *, now: datetime) -> int:
    """Make the heads of ordering keys due, of (endpoint, key), whose lanes are held; gives how many became so."""
    chosen = sorted(set(keys))
    if not chosen:
        return 0
    values = (now, arrays.uuids(endpoint for endpoint, _ in chosen), arrays.texts(key for _, key in chosen))
    count: int = db.execute_sql(_RELEASE, values).rowcount
    return count


def open_deliveries(*, most: int) -> int:
    """How many deliveries of all workspaces are not finished, counted up to `most`."""
    counted = "SELECT count(*) FROM (SELECT FROM webhook_open_delivery LIMIT %s) AS counted"
    count: int = db.execute_sql(counted, (most,)).fetchone()[0]
    return count
