"""Changing deliveries by hand or by a replay, whose lanes are held (`lanes.lock`).

A delivery moves between the two tables by one statement, so that it is never in both and never in none. What is
claimed belongs to the worker that has the claim: it is not touched.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.webhooks.pruning import bounds

# That they are among the arrays too has an index looked into, where a join may read the whole table.
_REOPEN: Final = Statement("""
    WITH wanted AS (
        SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::boolean[], %s::integer[])
            AS wanted (endpoint_id, event_id, state, is_due, revision)
    ),
    gone AS (
        DELETE FROM webhook_delivery finished USING wanted
        WHERE finished.workspace_id = %s AND finished.endpoint_id = wanted.endpoint_id
            AND finished.event_id = wanted.event_id AND finished.event_time >= %s AND finished.event_time <= %s
            AND finished.endpoint_id = ANY (%s::uuid[]) AND finished.event_id = ANY (%s::uuid[])
        RETURNING finished.*, wanted.state AS open_state, wanted.is_due, wanted.revision AS wanted_revision
    )
    INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
        due_time, state, trigger, attempts, tries, revision, replay_id, create_time, update_time)
    SELECT gone.endpoint_id, gone.event_id, gone.event_time, gone.workspace_id, gone.type, gone.position,
        gone.ordering_key, CASE WHEN gone.is_due THEN said.now ELSE 'infinity' END, gone.open_state, said.trigger,
        gone.attempts, 0, gone.wanted_revision, said.replay_id, gone.create_time, said.now
    FROM gone, (SELECT %s::text AS trigger, %s::uuid AS replay_id, %s::timestamptz AS now) said
    RETURNING endpoint_id, event_id
""")

_ADD: Final = Statement("""
    INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
        due_time, state, trigger, attempts, tries, revision, replay_id, create_time, update_time)
    SELECT wanted.endpoint_id, wanted.event_id, wanted.event_time, said.workspace_id, wanted.type, wanted.position,
        wanted.ordering_key, CASE WHEN wanted.is_due THEN said.now ELSE 'infinity' END, wanted.state, 'REPLAY',
        0, 0, wanted.revision, said.replay_id, said.now, said.now
    FROM (SELECT %s::uuid AS workspace_id, %s::timestamptz AS since, %s::timestamptz AS until, %s::uuid AS replay_id,
            %s::timestamptz AS now) said,
        unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::bigint[], %s::text[], %s::text[],
            %s::boolean[], %s::integer[])
        AS wanted (endpoint_id, event_id, event_time, type, position, ordering_key, state, is_due, revision)
    WHERE (
        SELECT true FROM webhook_delivery finished
        WHERE finished.workspace_id = said.workspace_id AND finished.endpoint_id = wanted.endpoint_id
            AND finished.event_id = wanted.event_id AND finished.event_time >= said.since
            AND finished.event_time <= said.until
    ) IS NULL
    ON CONFLICT (endpoint_id, event_id) DO NOTHING
    RETURNING endpoint_id, event_id
""")

_HASTEN: Final = Statement("""
    UPDATE webhook_open_delivery SET due_time = %s, trigger = 'MANUAL', update_time = %s
    WHERE workspace_id = %s AND endpoint_id = %s AND event_id = %s AND state = 'RETRYING'
        AND due_time > %s AND due_time < 'infinity'
""")


class Opening(NamedTuple):
    """A finished delivery to open, in `state`; not due while another one of its ordering key is open.

    `revision` is the endpoint's version that counts, None for the latest.
    """

    endpoint_id: UUID
    event_id: UUID
    state: str
    is_due: bool
    revision: int | None


class Addition(NamedTuple):
    """A delivery that never was."""

    endpoint_id: UUID
    event_id: UUID
    event_time: datetime
    type: str
    position: int
    ordering_key: str | None
    state: str
    is_due: bool
    revision: int | None


def reopen(
    workspace_id: UUID, openings: Sequence[Opening], *, trigger: str, replay_id: UUID | None, now: datetime
) -> list[tuple[UUID, UUID]]:
    """Open finished deliveries again; gives endpoint and event of those that were finished."""
    if not openings:
        return []
    endpoints, events, states, dues, revisions = zip(*openings, strict=True)
    columns = (arrays.uuids(endpoints), arrays.uuids(events), *map(arrays.plain, (states, dues, revisions)))
    times = (bounds(min(events))[0], bounds(max(events))[1])
    among = (arrays.uuids(set(endpoints)), arrays.uuids(set(events)))
    values = (*columns, workspace_id, *times, *among, trigger, replay_id, now)
    return db.execute_sql(_REOPEN, values).fetchall()  # type: ignore[no-any-return]


def add(
    workspace_id: UUID, additions: Sequence[Addition], *, replay_id: UUID, now: datetime
) -> list[tuple[UUID, UUID]]:
    """Make deliveries that are not there; gives endpoint and event of those that were not."""
    if not additions:
        return []
    endpoints, events, times, types, positions, keys, states, dues, revisions = zip(*additions, strict=True)
    values = (
        *(workspace_id, bounds(min(events))[0], bounds(max(events))[1], replay_id, now),
        *(arrays.uuids(endpoints), arrays.uuids(events), arrays.times(times), arrays.texts(types)),
        *(arrays.plain(positions), arrays.texts(keys), *map(arrays.plain, (states, dues, revisions))),
    )
    return db.execute_sql(_ADD, values).fetchall()  # type: ignore[no-any-return]


def hasten(workspace_id: UUID, endpoint_id: UUID, event_id: UUID, *, now: datetime) -> bool:
    """Make the next attempt of a delivery due that waits for it; gives whether one did."""
    return bool(db.execute_sql(_HASTEN, (now, now, workspace_id, endpoint_id, event_id, now)).rowcount)
