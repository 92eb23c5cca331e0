"""The timeline of an execution: all that is recorded of it, told in the order in which it happened."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.workflows.queries import approvals, history
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.queries.executions import ExecutionRow
from server.workflows.queries.history import Entry, LogRow, StepRow
from server.workflows.service import executions, journal

#: Attempts and waits that are told of, lines about the whole execution, and approvals.
_MOST_STEPS: Final = 5000
_MOST_LINES: Final = 1000
_MOST_APPROVALS: Final = 1000
_WAITS: Final = frozenset({"delay", "wait_until", "wait_event", "approval", "signal", "sub_workflow"})
_WORRYING: Final = frozenset({"WARNING", "ERROR"})
#: What comes first of what happened at the same moment.
_FIRST: Final = ("CREATED", "FORKED", "STARTED")
_LAST: Final = ("ENDED", "RETRIED")


def of(workspace_id: UUID, execution_id: UUID) -> tuple[list[Entry], bool]:
    """What happened, the oldest first, and whether there was more than is told. Raises NotFound."""
    row = executions.get(workspace_id, execution_id)
    steps = history.outline(workspace_id, execution_id, limit=_MOST_STEPS + 1)
    lines = history.logs(workspace_id, execution_id, path="", limit=_MOST_LINES)
    asked = approvals.of_execution(workspace_id, execution_id, limit=_MOST_APPROVALS)
    told = [*_of_execution(row), *_of_steps(steps[:_MOST_STEPS]), *_of_lines(lines), *_of_approvals(asked)]
    return sorted(told, key=_order), len(steps) > _MOST_STEPS


def _order(entry: Entry) -> tuple[datetime, int]:
    if entry.kind in _FIRST:
        return entry.time, _FIRST.index(entry.kind) - len(_FIRST)
    return entry.time, _LAST.index(entry.kind) + 1 if entry.kind in _LAST else 0


def _of_execution(row: ExecutionRow) -> Iterator[Entry]:
    yield Entry(row.create_time, "CREATED", f"Created by {row.actor or 'the product'}, version {row.version}.")
    if row.start_time is not None:
        yield Entry(row.start_time, "STARTED", "A runner took it.")
    if row.end_time is not None:
        yield _ended(row.end_time, row.state, row.error)


def _ended(at: datetime, state: str, error: str | None) -> Entry:
    return Entry(at, "ENDED", f"Ended: {state.lower().replace('_', ' ')}.", error=error)


def _of_steps(rows: Sequence[StepRow]) -> Iterator[Entry]:
    for row in rows:
        kind = "ATTEMPT"
        if row.status == "SKIPPED":
            kind = "SKIPPED"
        elif row.status == "WAITING" or row.type in _WAITS:
            kind = "WAIT"
        yield Entry(row.start_time, kind, _summary(row), row.end_time, row.path, row.attempt, row.status, row.error)
        if row.status == "FAILED" and row.due_time is not None:
            summary = f"Attempt {row.attempt + 1} of {row.path} is due."
            yield Entry(row.end_time or row.start_time, "RETRY", summary, row.due_time, row.path, row.attempt + 1)


def _summary(row: StepRow) -> str:
    if row.status == "WAITING":
        until = f" until {row.due_time.isoformat()}" if row.due_time else ""
        return f"{row.path} ({row.type}) waits{until}."
    did = {"SUCCEEDED": "succeeded", "FAILED": "failed", "SKIPPED": "was skipped", "CANCELLED": "was given up"}
    attempt = f", attempt {row.attempt}" if row.attempt > 1 else ""
    return f"{row.path} ({row.type}{attempt}) {did[row.status]}."


def _of_lines(rows: Sequence[LogRow]) -> Iterator[Entry]:
    for row in rows:
        kind = row.fields.get(journal.KIND)
        if kind in journal.KINDS:
            yield Entry(row.create_time, kind, _said(row))
            if (end := _end_before(row.fields)) is not None:
                yield end
        elif row.level in _WORRYING:
            yield Entry(row.create_time, "LOG", row.message)


def _said(row: LogRow) -> str:
    actor = row.fields.get("actor")
    return f"{row.message.removesuffix('.')}, by {actor}." if actor else row.message


def _end_before(fields: dict[str, Any]) -> Entry | None:
    """How the execution had ended before somebody retried it."""
    if "end_time" not in fields:
        return None
    return _ended(datetime.fromisoformat(fields["end_time"]), fields["state"], fields.get("error"))


def _of_approvals(rows: Sequence[ApprovalRow]) -> Iterator[Entry]:
    for row in rows:
        yield Entry(row.create_time, "APPROVAL_REQUESTED", f"Asked for approval: {row.title}", path=row.path)
        if row.decide_time is not None:
            by = f" by {row.decider}" if row.decider else ""
            summary = f"{row.state.capitalize()}{by}: {row.title}"
            yield Entry(row.decide_time, "APPROVAL_DECIDED", summary, path=row.path)
