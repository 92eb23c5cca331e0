"""What is recorded of one execution: attempts and waits, lines of the log, and signals that nobody waited for yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.core import ids
from server.workflows.models import LogEntry, Signal, Step


class StepRow(NamedTuple):
    """A row of `workflow_step`. `output` and `error` are JSON."""

    path: str
    generation: int
    attempt: int
    type: str
    status: str
    output: str | None
    error: str | None
    due_time: datetime | None
    start_time: datetime
    end_time: datetime | None


class LogRow(NamedTuple):
    """A row of `workflow_log`."""

    id: UUID
    path: str
    attempt: int
    level: str
    message: str
    fields: dict[str, Any]
    create_time: datetime


class Entry(NamedTuple):
    """One thing that happened. `kind` and `status` are words of the contract; `error` is JSON."""

    time: datetime
    kind: str
    summary: str
    end_time: datetime | None = None
    path: str = ""
    attempt: int = 0
    status: str = ""
    error: str | None = None


def _step_columns(output: Any) -> list[Any]:
    return [
        *(Step.path, Step.generation, Step.attempt, Step.type, Step.status),
        output,
        Step.error.cast("text"),
        # Infinity has no place in a datetime.
        peewee.fn.NULLIF(Step.due_time, peewee.SQL("'infinity'::timestamptz")),
        *(Step.start_time, Step.end_time),
    ]


_WHOLE: Final = _step_columns(Step.output.cast("text"))
_WITHOUT_OUTPUT: Final = _step_columns(peewee.SQL("NULL::text"))
_LOG: Final = [getattr(LogEntry, name) for name in LogRow._fields]


def _of(model: Any, workspace_id: UUID, execution_id: UUID) -> Any:
    return (
        (model.workspace_id == workspace_id)
        & (model.execution_id == execution_id)
        & (model.execution_time == ids.time_of(execution_id))
    )


def steps(workspace_id: UUID, execution_id: UUID, *, after: tuple[str, int, int] | None, limit: int) -> list[StepRow]:
    """A page of an execution's attempts and waits by path, generation and attempt."""
    where = _of(Step, workspace_id, execution_id)
    if after is not None:
        where &= peewee.Tuple(Step.path, Step.generation, Step.attempt) > peewee.Tuple(*after)
    query: Any = Step.select(*_WHOLE).where(where).order_by(Step.path, Step.generation, Step.attempt).limit(limit)
    return [StepRow._make(row) for row in query.tuples()]


def outline(workspace_id: UUID, execution_id: UUID, *, limit: int) -> list[StepRow]:
    """An execution's attempts and waits without their outputs, the first to begin first."""
    query: Any = (
        Step.select(*_WITHOUT_OUTPUT)
        .where(_of(Step, workspace_id, execution_id))
        .order_by(Step.start_time, Step.position)
        .limit(limit)
    )
    return [StepRow._make(row) for row in query.tuples()]


def logs(
    workspace_id: UUID,
    execution_id: UUID,
    *,
    path: str | None = None,
    levels: Sequence[str] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[LogRow]:
    """A page of an execution's log, the oldest first; of one path, or of some levels."""
    where = _of(LogEntry, workspace_id, execution_id)
    if path is not None:
        where &= LogEntry.path == path
    if levels is not None:
        where &= LogEntry.level.in_(list(levels))
    if after is not None:
        where &= LogEntry.id > after
    query: Any = LogEntry.select(*_LOG).where(where).order_by(LogEntry.id).limit(limit)
    return [LogRow._make(row) for row in query.tuples()]


def write(
    workspace_id: UUID, execution_id: UUID, *, level: str, message: str, fields: dict[str, Any], now: datetime
) -> None:
    """Add a line about the whole execution to its log."""
    LogEntry.insert(
        id=ids.new_at(now),
        execution_id=execution_id,
        execution_time=ids.time_of(execution_id),
        workspace_id=workspace_id,
        path="",
        attempt=0,
        level=level,
        message=message,
        fields=fields,
        create_time=now,
    ).execute()


def count_signals(workspace_id: UUID, execution_id: UUID, *, most: int) -> int:
    """How many signals of an execution nobody waited for yet; counts up to `most`."""
    some = (
        Signal.select(Signal.id)
        .where((Signal.workspace_id == workspace_id) & (Signal.execution_id == execution_id))
        .limit(most)
    )
    return int(some.count())
