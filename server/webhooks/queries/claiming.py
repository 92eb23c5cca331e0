"""Taking open deliveries for an attempt, by one statement a batch.

The claim is a HOT update: it changes no indexed column. What a dead worker left is taken again when its lease is over;
the attempt that it had begun is told of as INTERRUPTED, since nobody knows how it ended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.webhooks.queries import interrupted


class ClaimedRow(NamedTuple):
    """An open delivery that is ours; `revision` is None for the endpoint's latest version."""

    endpoint_id: UUID
    event_id: UUID
    event_time: datetime
    type: str
    ordering_key: str | None
    trigger: str
    attempts: int
    tries: int
    revision: int | None
    create_time: datetime


_CLAIM: Final = Statement(f"""
    WITH room AS (
        SELECT %s::timestamptz AS now, %s::uuid AS claim, *
        FROM unnest(%s::uuid[], %s::integer[], %s::timestamptz[]) AS each (endpoint_id, count, lease_time)
    ),
    taken AS (
        SELECT due.*, room.now, room.claim, room.lease_time AS next_lease_time FROM room CROSS JOIN LATERAL (
            SELECT endpoint_id, event_id, event_time, workspace_id, attempts, trigger, update_time, lease_time
            FROM webhook_open_delivery
            WHERE endpoint_id = room.endpoint_id AND due_time <= room.now
                AND (lease_time IS NULL OR lease_time <= room.now)
            ORDER BY due_time LIMIT room.count FOR UPDATE SKIP LOCKED
        ) due
    ),
    interrupted AS ({interrupted.TELL})
    UPDATE webhook_open_delivery open SET claim = taken.claim, lease_time = taken.next_lease_time, state = 'DELIVERING',
        attempts = open.attempts + (taken.lease_time IS NOT NULL)::integer, update_time = taken.now
    FROM taken WHERE open.endpoint_id = taken.endpoint_id AND open.event_id = taken.event_id
    RETURNING open.endpoint_id, open.event_id, open.event_time, open.type, open.ordering_key, open.trigger,
        open.attempts, open.tries, open.revision, open.create_time
""")  # noqa: S608 - the part is a constant of ours


def claim(rooms: Sequence[tuple[UUID, int, datetime]], *, claim_id: UUID, now: datetime) -> list[ClaimedRow]:
    """Take what is due on held lanes; a room is endpoint, how many at most, and the end of their lease."""
    endpoints, counts, leases = zip(*rooms, strict=True)
    values = (now, claim_id, arrays.uuids(endpoints), arrays.plain(counts), arrays.times(leases))
    return [ClaimedRow._make(row) for row in db.execute_sql(_CLAIM, values).fetchall()]
