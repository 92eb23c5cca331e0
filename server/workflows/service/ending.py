"""Ends: an open execution becomes a finished one, and whoever waits for that goes on."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from server.workflows.latency import BUCKETS
from server.workflows.queries import recording as queries
from server.workflows.queries.claiming import ClaimedRow
from server.workflows.queries.recording import DayRow, EndedRow
from server.workflows.service import children, poking, starting
from server.workflows.service.jsons import text
from server.workflows.service.loading import Execution, error_text

if TYPE_CHECKING:
    from server.workflows.service.recording import Entry

#: The states of an end, in the order of the counts of a day.
_STATES: Final = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT")
PARENT_ENDED: Final = "The execution that started it has ended."
_MILLISECOND: Final = timedelta(milliseconds=1)


def slots(rows: Iterable[ClaimedRow]) -> list[tuple[UUID, UUID, str]]:
    """The places that executions take: workspace, workflow and key."""
    return [(row.workspace_id, row.workflow_id, row.concurrency_key) for row in rows if row.concurrency_key is not None]


def end(entries: Sequence["Entry"], now: datetime) -> None:
    """Finish held executions, in the transaction that holds their slots and their parents."""
    if not entries:
        return
    rows = [entry.execution.row for entry in entries]
    queries.end([_ended(entry, now) for entry in entries])
    _leave_waits([entry.execution for entry in entries if entry.execution.waits], now)
    queries.signals_over([row.id for row in rows])
    answers = [
        (row.parent_id, row.parent_path, _answer(entry))
        for row, entry in zip(rows, entries, strict=True)
        if row.parent_id is not None and row.parent_path is not None
    ]
    if answers:
        poking.resolve_held(answers)
    freed = [(workflow, key) for _, workflow, key in slots(rows)]
    if freed:
        starting.release_slots(freed)
    # The rows of days are shared by everything of a workflow: they are held for no longer than the commit takes.
    queries.count(_counted(entries, now))


def _leave_waits(executions: Sequence[Execution], now: datetime) -> None:
    """Put away what is waited for still: an end for a fault of ours has no records that say so."""
    left = [(execution.row.id, path, kind) for execution in executions for path, kind in execution.waits.items()]
    if not left:
        return
    queries.all_over([execution.row.id for execution in executions])
    asked = [(execution_id, path, "CANCELLED") for execution_id, path, kind in left if kind == "APPROVAL"]
    if asked:
        queries.approvals_over(asked, now=now)
    keys = [(execution_id, path) for execution_id, path, kind in left if kind == children.KIND]
    begun = queries.children(keys) if keys else []
    if begun:
        poking.cancel(begun, reason=PARENT_ENDED)


def _ended(entry: "Entry", now: datetime) -> EndedRow:
    ending, retention = entry.ending, entry.execution.definition.retention
    if ending is None:
        raise ValueError("an execution without an ending cannot be finished")
    return EndedRow(
        entry.execution.row.id,
        ending.state,
        None if ending.output is None else text(ending.output),
        error_text(ending.error, path=ending.path),
        now,
        None if retention is None else now + timedelta(seconds=retention),
    )


def _answer(entry: "Entry") -> object:
    ending = entry.ending
    if ending is None:
        raise ValueError("a parent is told of its child's end only")
    return children.answer(entry.execution.row.id, state=ending.state, output=ending.output, error=ending.error)


def _counted(entries: Sequence["Entry"], now: datetime) -> list[DayRow]:
    days: dict[tuple[UUID, date], tuple[UUID, list[int], list[int]]] = {}
    for entry in entries:
        row = entry.execution.row
        key = row.workflow_id, now.date()
        if key not in days:
            days[key] = row.workspace_id, [0] * len(_STATES), [0] * BUCKETS.count
        _, counts, latencies = days[key]
        counts[_STATES.index(entry.ending.state if entry.ending else "")] += 1
        latencies[BUCKETS.bucket((now - row.create_time) / _MILLISECOND)] += 1
    return [
        DayRow._make((workflow, day, workspace, *counts, latencies))
        for (workflow, day), (workspace, counts, latencies) in days.items()
    ]
