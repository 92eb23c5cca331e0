"""Moving open deliveries to the finished ones, as cancelled, by one statement: never in both and never in none.

What is being sent belongs to the worker that has the claim: it is not touched.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.webhooks.queries import interrupted

_LEFT: Final = Statement("""
    SELECT event_id FROM webhook_open_delivery
    WHERE workspace_id = %s AND endpoint_id = %s AND (lease_time IS NULL OR lease_time <= %s)
    ORDER BY due_time LIMIT %s FOR UPDATE
""")

_OPEN: Final = Statement("""
    SELECT true FROM webhook_open_delivery WHERE workspace_id = %s AND endpoint_id = %s ORDER BY due_time LIMIT 1
""")

_CANCEL: Final = Statement(f"""
    WITH taken AS (
        DELETE FROM webhook_open_delivery
        WHERE workspace_id = %s AND endpoint_id = %s AND event_id = ANY (%s::uuid[])
            AND (lease_time IS NULL OR lease_time <= %s)
        RETURNING *
    ),
    interrupted AS ({interrupted.TELL})
    INSERT INTO webhook_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key, state,
        trigger, attempts, revision, replay_id, create_time, update_time)
    SELECT endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key, 'CANCELLED',
        trigger, attempts + (lease_time IS NOT NULL)::integer, revision, replay_id, create_time, %s
    FROM taken
    ON CONFLICT (endpoint_id, event_id, event_time) DO UPDATE SET state = EXCLUDED.state,
        trigger = EXCLUDED.trigger, attempts = EXCLUDED.attempts, revision = EXCLUDED.revision,
        replay_id = EXCLUDED.replay_id, update_time = EXCLUDED.update_time
""")  # noqa: S608 - the part is a constant of ours


def left(workspace_id: UUID, endpoint_id: UUID, *, now: datetime, limit: int) -> list[UUID]:
    """Hold at most `limit` open deliveries of an endpoint that nobody is sending; gives their events."""
    rows = db.execute_sql(_LEFT, (workspace_id, endpoint_id, now, limit)).fetchall()
    return [event_id for (event_id,) in rows]


def has_open(workspace_id: UUID, endpoint_id: UUID) -> bool:
    """Whether an endpoint has open deliveries."""
    return db.execute_sql(_OPEN, (workspace_id, endpoint_id)).fetchone() is not None


def cancel(workspace_id: UUID, endpoint_id: UUID, event_ids: Collection[UUID], *, now: datetime) -> int:
    """Cancel the open deliveries of these events to an endpoint, unless one is being sent; gives how many."""
    values = (workspace_id, endpoint_id, arrays.uuids(event_ids), now, now)
    count: int = db.execute_sql(_CANCEL, values).rowcount
    return count
