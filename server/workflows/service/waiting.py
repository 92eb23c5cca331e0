"""Waits: what is set up in the transaction that records that a step waits, and put away when it does no longer.

An approval is put before people, a child is started, and a signal that came early is taken.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from server.core import cel, ids
from server.workflows.engine.types import CANCELLED, SUCCEEDED, WAITING, Record, Wait
from server.workflows.queries import approvals, poking
from server.workflows.queries import recording as queries
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.queries.recording import WaitRow
from server.workflows.service import children, telling
from server.workflows.service.jsons import text
from server.workflows.service.loading import Execution
from server.workflows.service.poking import wake_runners

if TYPE_CHECKING:
    from server.workflows.service.recording import Entry, Written

ABANDONED: Final = "The step that started it does not wait any longer."
_Begun = tuple[Execution, Record, Wait]


def begin(written: Sequence["Written"], now: datetime) -> set[UUID]:
    """Set up what steps of held executions wait for; gives the executions that have an answer already."""
    begun = [
        (one.entry.execution, note.record, note.wait) for one in written for note in one.notes if note.wait is not None
    ]
    if not begun:
        return set()
    over = {(execution.row.id, record.path) for execution, record in _over(written)}
    answers = children.start([(e, record.path, wait) for e, record, wait in begun if wait.kind == children.KIND])
    waits = [one for one in begun if one[1].status == WAITING and (one[0].row.id, one[1].path) not in over]
    answers |= _early_signals([one for one in waits if one[2].kind == "SIGNAL"])
    for execution, record, wait in waits:
        if wait.kind == "APPROVAL":
            _ask_people(execution, record, wait, now)
        execution.waits[record.path] = wait.kind
        execution.heard.discard(record.path)
        if (execution.row.id, record.path) in answers:
            execution.answers[record.path] = answers[execution.row.id, record.path]
    if waits:
        queries.waits([_row(one, answers) for one in waits])
    return {execution_id for execution_id, _ in answers}


def end(written: Sequence["Written"], abandoned: Iterable[UUID], now: datetime) -> None:
    """Put away what steps of held executions do not wait for any longer, and cancel the children they abandon."""
    over = [(e, record) for e, record in _over(written) if record.path in e.waits]
    keys = [(execution.row.id, record.path) for execution, record in over]
    keys += [(one.entry.execution.row.id, path) for one in written for path in one.entry.stale]
    if keys:
        queries.waits_over(keys)
    undecided = [
        (e.row.id, record.path, CANCELLED if record.status == CANCELLED else "EXPIRED")
        for e, record in over
        if e.waits[record.path] == "APPROVAL"
    ]
    if undecided:
        queries.approvals_over(undecided, now=now)
    for execution, record in over:
        execution.waits.pop(record.path, None)
        execution.answers.pop(record.path, None)
    children_left = sorted(abandoned)
    if children_left and poking.cancel(children_left, reason=ABANDONED, now=now):
        wake_runners()


def abandoned_children(entries: Sequence["Entry"]) -> list[UUID]:
    """The open children of steps that end in another way than by their child's end."""
    keys = [
        (entry.execution.row.id, note.record.path)
        for entry in entries
        for note in entry.notes
        if note.record.status not in (WAITING, SUCCEEDED)
        and entry.execution.waits.get(note.record.path) == children.KIND
    ]
    return queries.children(keys) if keys else []


def _over(written: Sequence["Written"]) -> list[tuple[Execution, Record]]:
    return [
        (one.entry.execution, note.record) for one in written for note in one.notes if note.record.status != WAITING
    ]


def _early_signals(waits: Sequence[_Begun]) -> dict[tuple[UUID, str], Any]:
    """Take what was sent before somebody waited for it, the oldest of a name first."""
    if not waits:
        return {}
    kept: dict[tuple[UUID, str], list[tuple[UUID, Any]]] = defaultdict(list)
    for signal_id, execution_id, name, payload in queries.signals({execution.row.id for execution, _, _ in waits}):
        kept[execution_id, name].append((signal_id, payload))
    answers, taken = {}, []
    for execution, record, wait in waits:
        early = kept[execution.row.id, wait.name]
        if early:
            signal_id, payload = early.pop(0)
            taken.append(signal_id)
            answers[execution.row.id, record.path] = cel.load(payload)
    if taken:
        queries.take_signals(taken)
    return answers


def _ask_people(execution: Execution, record: Record, wait: Wait, now: datetime) -> None:
    asked = ApprovalRow(
        id=ids.new_at(now),
        workspace_id=execution.row.workspace_id,
        workflow_id=execution.row.workflow_id,
        execution_id=execution.row.id,
        path=record.path,
        title=wait.data["title"],
        description=wait.data["description"],
        form=dict(wait.data["form"]),
        approvers=list(wait.data["approvers"]),
        state="PENDING",
        data={},
        comment="",
        decider="",
        deadline=record.due_time,
        create_time=now,
        decide_time=None,
    )
    approvals.insert(asked)
    telling.approval_requested(execution, asked)


def _row(begun: _Begun, answers: dict[tuple[UUID, str], Any]) -> WaitRow:
    execution, record, wait = begun
    key = execution.row.id, record.path
    return WaitRow(
        execution.row.id,
        record.path,
        execution.row.workspace_id,
        wait.kind,
        wait.name,
        wait.match,
        text(dict(wait.variables)),
        text(answers[key]) if key in answers else None,
        record.start_time,
    )
