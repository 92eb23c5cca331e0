"""Retrying a finished execution: what succeeded stays, everything else is done again by the same version."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.core import clock, structs
from server.workflows.errors import ExecutionOpen, ExecutionSucceeded
from server.workflows.queries import reopening
from server.workflows.queries import starting as slots
from server.workflows.queries.executions import ExecutionRow
from server.workflows.service import executions, journal, known, starting
from server.workflows.service.poking import wake_runners

_SUCCEEDED: Final = "SUCCEEDED"


def retry(workspace_id: UUID, execution_id: UUID) -> ExecutionRow:
    """The execution, open again. Of two calls at once one does it.

    Raises NotFound, ExecutionOpen, ExecutionSucceeded.
    """
    row = executions.get(workspace_id, execution_id)
    if not row.is_finished:
        raise ExecutionOpen(state=row.state)
    if row.state == _SUCCEEDED:
        raise ExecutionSucceeded
    if not reopen(row):
        raise ExecutionOpen(state=executions.get(workspace_id, execution_id).state)
    return executions.get(workspace_id, execution_id)


def reopen(row: ExecutionRow, *, actor: str | None = None) -> bool:
    """Have a finished execution that did not succeed go on; False when somebody was faster.

    `actor` is who wants it, when it is not the caller.
    """
    now = clock.now()
    definition = known.definition(row.workspace_id, row.workflow_id, row.version)
    slot = (row.workflow_id, row.concurrency_key or "")
    is_bounded = row.concurrency_key is not None and definition.concurrency is not None
    if is_bounded and definition.concurrency is not None:
        slots.hold([(*slot, row.workspace_id, definition.concurrency.limit)], now=now)
    timeout = starting.LONGEST if definition.timeout is None else timedelta(seconds=definition.timeout)
    if not reopening.reopen(row.workspace_id, row.id, now=now, timeout_time=now + timeout):
        return False
    journal.note(row.workspace_id, row.id, journal.RETRIED, "Somebody retried it.", actor=actor, **_end_of(row))
    if is_bounded:
        starting.release_slots([slot])
    wake_runners()
    return True


def _end_of(row: ExecutionRow) -> dict[str, Any]:
    """How it had ended, which the row does not say any more."""
    end = {} if row.end_time is None else {"end_time": row.end_time.isoformat()}
    error = {} if row.error is None else {"error": structs.dumps(structs.loads(row.error))}
    return {"state": row.state, **end, **error}
