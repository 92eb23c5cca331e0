"""Statements that take a finished execution back, and that begin one with what another has done."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import arrays, ids
from server.core.db import Statement, db
from server.workflows.models import Step

# One that waits for its place is let go by whoever holds the slot. Of two retries at once the second finds no row. The
# step of a parent was told of the first end: without its path, it is not told of another one.
_REOPEN: Final = Statement("""
    WITH taken AS (
        DELETE FROM workflow_execution
        WHERE id = %s AND create_time = %s AND workspace_id = %s AND state <> 'SUCCEEDED'
        RETURNING *
    )
    INSERT INTO workflow_open_execution (id, create_time, workspace_id, workflow_id, version, state, priority, trigger,
        cause, input, labels, concurrency_key, parent_id, parent_path, depth, forked_from, generation, actor,
        trace_parent, ready_time, due_time, timeout_time, start_time, update_time, poked, pause, cancel_reason,
        revision)
    SELECT id, create_time, workspace_id, workflow_id, version,
        CASE WHEN concurrency_key IS NULL THEN 'READY' ELSE 'QUEUED' END, priority, trigger, cause, input, labels,
        concurrency_key, parent_id, NULL, depth, forked_from, generation + 1, actor, trace_parent, present.now,
        present.now, present.timeout, start_time, present.now, false, false, '', revision + 1
    FROM taken, (SELECT %s::timestamptz AS now, %s::timestamptz AS timeout) present
    RETURNING id
""")

_COPY: Final = Statement("""
    INSERT INTO workflow_step (execution_id, execution_time, path, generation, attempt, workspace_id, type, status,
        output, error, due_time, start_time, end_time)
    SELECT %s, %s, path, 1, attempt, workspace_id, type, status, output, error, due_time, start_time, end_time
    FROM workflow_step
    WHERE execution_id = %s AND execution_time = %s AND workspace_id = %s AND status = 'SUCCEEDED'
        AND path = ANY (%s::text[])
    ORDER BY position
""")


def reopen(workspace_id: UUID, execution_id: UUID, *, now: datetime, timeout_time: datetime) -> bool:
    """Have a finished execution that did not succeed go on; False when there is none.

    With a concurrency key it is QUEUED: its slot is held and then released by the caller.
    """
    values = (execution_id, ids.time_of(execution_id), workspace_id, now, timeout_time)
    return db.execute_sql(_REOPEN, values).fetchone() is not None


def done(workspace_id: UUID, execution_id: UUID) -> list[tuple[str, str]]:
    """The paths of steps that succeeded, and their types."""
    query: Any = Step.select(Step.path, Step.type).where(
        (Step.execution_id == execution_id)
        & (Step.execution_time == ids.time_of(execution_id))
        & (Step.workspace_id == workspace_id)
        & (Step.status == "SUCCEEDED")
    )
    return list(query.tuples())


def copy(workspace_id: UUID, *, source: UUID, target: UUID, paths: Iterable[str]) -> None:
    """Give the execution `target` what succeeded at `paths` of `source`."""
    times = (ids.time_of(target), ids.time_of(source))
    db.execute_sql(_COPY, (target, times[0], source, times[1], workspace_id, arrays.texts(paths)))
