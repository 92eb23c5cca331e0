"""Deleting executions whose workflows do not keep them as long as the log is kept, and finding the oldest open one."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.workflows.models import OpenExecution

_EXPIRE: Final = Statement("""
    DELETE FROM workflow_execution execution USING (
        SELECT id, create_time FROM workflow_execution WHERE expire_time <= %s ORDER BY expire_time LIMIT %s
        FOR UPDATE SKIP LOCKED
    ) expired
    WHERE execution.id = expired.id AND execution.create_time = expired.create_time
    RETURNING execution.id, execution.create_time, execution.workspace_id, execution.labels::text
""")

# Written with its bounds and not prepared: so the planner leaves out the other days.
_RECORDS: Final = """
    DELETE FROM {table} USING unnest(%s::uuid[], %s::timestamptz[]) AS expired (id, create_time)
    WHERE execution_id = expired.id AND execution_time = expired.create_time AND execution_time BETWEEN %s AND %s
"""
_STEPS: Final = _RECORDS.format(table="workflow_step")
_LINES: Final = _RECORDS.format(table="workflow_log")

_LABELS: Final = """
    DELETE FROM workflow_label label
    USING unnest(%s::uuid[], %s::timestamptz[], %s::uuid[], %s::jsonb[]) AS expired (id, time, workspace_id, labels),
        jsonb_each_text(expired.labels) AS each (key, value)
    WHERE label.workspace_id = expired.workspace_id AND label.key = each.key AND label.value = each.value
        AND label.execution_id = expired.id AND label.execution_time = expired.time
        AND label.execution_time BETWEEN %s AND %s
"""

_APPROVALS: Final = Statement("DELETE FROM workflow_approval WHERE execution_id = ANY (%s::uuid[])")


def expire(limit: int, *, now: datetime) -> int:
    """Delete at most `limit` executions that are past their retention, with what belongs to them; gives how many."""
    expired: list[tuple[UUID, datetime, UUID, str]] = db.execute_sql(_EXPIRE, (now, limit)).fetchall()
    if expired:
        ids, times, workspaces, labels = zip(*expired, strict=True)
        values = (arrays.uuids(ids), arrays.times(times), min(times), max(times))
        db.execute_sql(_STEPS, values)
        db.execute_sql(_LINES, values)
        marks = (arrays.uuids(workspaces), arrays.texts(labels))
        db.execute_sql(_LABELS, (*values[:2], *marks, *values[2:]))
        db.execute_sql(_APPROVALS, (arrays.uuids(ids),))
    return len(expired)


def oldest_open() -> datetime | None:
    """When the oldest open execution was made; None when none is open."""
    rows: Any = OpenExecution.select(OpenExecution.create_time).order_by(OpenExecution.id).limit(1).tuples()
    return next((create_time for (create_time,) in rows), None)
