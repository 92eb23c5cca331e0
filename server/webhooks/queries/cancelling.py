"""Moving open deliveries to the finished ones, as cancelled."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core.db import Statement, db

_CANCEL: Final = Statement("""
WITH gone AS (
    DELETE FROM webhook_open_delivery WHERE endpoint_id = %s::uuid AND event_id = ANY (ARRAY(
        SELECT event_id FROM webhook_open_delivery WHERE workspace_id = %s::uuid AND endpoint_id = %s::uuid
            AND (lease_time IS NULL OR lease_time <= %s::timestamptz)
        ORDER BY due_time LIMIT %s FOR UPDATE
    ))
    RETURNING *
),
cancelled AS (
    INSERT INTO webhook_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key, state,
        trigger, attempts, revision, replay_id, create_time, update_time)
    SELECT endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key, 'CANCELLED',
        trigger, attempts, revision, replay_id, create_time, %s::timestamptz FROM gone
    ON CONFLICT (endpoint_id, event_id, event_time) DO UPDATE
        SET state = EXCLUDED.state, attempts = EXCLUDED.attempts, update_time = EXCLUDED.update_time
)
SELECT count(*) FROM gone
""")


def cancel(workspace_id: UUID, endpoint_id: UUID, *, now: datetime, limit: int) -> int:
    """Cancel at most `limit` open deliveries of an endpoint; gives how many.

    Not what is being sent at the moment: its attempt is recorded, and what is left of it is for the next time.
    """
    values = (endpoint_id, workspace_id, endpoint_id, now, limit, now)
    (count,) = db.execute_sql(_CANCEL, values).fetchone()
    return int(count)
