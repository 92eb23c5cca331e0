"""Steering one execution that is open: cancelling it, pausing it, letting it go on, and sending it signals."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from server.core.errors import NotFound
from server.workflows.errors import ExecutionFinished, TooManySignals
from server.workflows.queries import executions, history
from server.workflows.queries import poking as queries
from server.workflows.queries.executions import ExecutionRow
from server.workflows.service import journal, poking

#: Signals that no step has waited for yet, of one execution.
MOST_SIGNALS: Final = 100


def cancel(workspace_id: UUID, execution_id: UUID, *, reason: str) -> ExecutionRow:
    """The execution, which is to end. Of two calls at once one does it. Raises NotFound, ExecutionFinished."""

    def wish(chosen: Iterable[UUID]) -> list[UUID]:
        return poking.cancel(chosen, reason=reason)

    return _told(workspace_id, execution_id, wish, journal.CANCEL, "Somebody asked for it to be cancelled.")


def pause(workspace_id: UUID, execution_id: UUID) -> ExecutionRow:
    """The execution, which is to rest. Raises NotFound, ExecutionFinished."""
    return _told(workspace_id, execution_id, poking.pause, journal.PAUSE, "Somebody paused it.")


def resume(workspace_id: UUID, execution_id: UUID) -> ExecutionRow:
    """The execution, which goes on. Raises NotFound, ExecutionFinished."""
    return _told(workspace_id, execution_id, poking.resume, journal.RESUME, "Somebody resumed it.")


def signal(workspace_id: UUID, execution_id: UUID, name: str, payload: Mapping[str, Any]) -> ExecutionRow:
    """The execution, which gets a signal. Raises NotFound, ExecutionFinished, TooManySignals."""
    hold(workspace_id, execution_id)
    if history.count_signals(workspace_id, execution_id, most=MOST_SIGNALS) >= MOST_SIGNALS:
        raise TooManySignals(limit=str(MOST_SIGNALS))
    poking.signal(workspace_id, execution_id, name, dict(payload))
    journal.note(workspace_id, execution_id, journal.SIGNAL, f"The signal {name} was sent.", name=name)
    return _row(workspace_id, execution_id)


def hold(workspace_id: UUID, execution_id: UUID) -> None:
    """Hold an execution that is open, until the transaction ends. Raises NotFound, ExecutionFinished."""
    if queries.hold(workspace_id, execution_id) is None:
        raise ExecutionFinished(state=_row(workspace_id, execution_id).state)


def _told(
    workspace_id: UUID,
    execution_id: UUID,
    tell: Callable[[Iterable[UUID]], list[UUID]],
    kind: str,
    message: str,
) -> ExecutionRow:
    hold(workspace_id, execution_id)
    if tell([execution_id]):
        journal.note(workspace_id, execution_id, kind, message)
    return _row(workspace_id, execution_id)


def _row(workspace_id: UUID, execution_id: UUID) -> ExecutionRow:
    row = executions.get(workspace_id, execution_id)
    if row is None:
        raise NotFound
    return row
