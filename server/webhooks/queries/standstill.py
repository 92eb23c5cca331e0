"""The lanes of whole workspaces. Lanes are held in the order of their ids, as every holder of several does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db

_BLOCK: Final = Statement("""
    WITH held AS (
        SELECT endpoint_id FROM webhook_lane WHERE workspace_id = ANY (%s::uuid[]) ORDER BY endpoint_id
        FOR NO KEY UPDATE
    )
    UPDATE webhook_lane lane SET blocked_time = 'infinity', due_time = 'infinity'
    FROM held WHERE lane.endpoint_id = held.endpoint_id
""")

_UNBLOCK: Final = Statement("""
    WITH held AS (
        SELECT lane.endpoint_id FROM webhook_lane lane JOIN webhook_endpoint endpoint ON endpoint.id = lane.endpoint_id
        WHERE lane.workspace_id = ANY (%s::uuid[]) AND endpoint.state = 'ACTIVE' AND endpoint.delete_time IS NULL
        ORDER BY lane.endpoint_id FOR NO KEY UPDATE OF lane
    )
    UPDATE webhook_lane lane SET blocked_time = new.now, due_time = new.now
    FROM held, (SELECT %s::timestamptz AS now) new WHERE lane.endpoint_id = held.endpoint_id
""")


def block(workspace_ids: Sequence[UUID]) -> None:
    """Let nothing of these workspaces be claimed any more. For workers."""
    db.execute_sql(_BLOCK, (arrays.uuids(workspace_ids),))


def unblock(workspace_ids: Sequence[UUID], *, now: datetime) -> None:
    """Let the lanes of their active endpoints go again. For workers."""
    db.execute_sql(_UNBLOCK, (arrays.uuids(workspace_ids), now))
