"""Queries on `workflow_approval`."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.workflows.models import Approval


class ApprovalRow(NamedTuple):
    """A row of `workflow_approval`."""

    id: UUID
    workspace_id: UUID
    workflow_id: UUID
    execution_id: UUID
    path: str
    title: str
    description: str
    form: dict[str, Any]
    approvers: list[str]
    state: str
    data: dict[str, Any]
    comment: str
    decider: str
    deadline: datetime | None
    create_time: datetime
    decide_time: datetime | None


_COLUMNS: Final = [
    Approval.workspace if name == "workspace_id" else getattr(Approval, name) for name in ApprovalRow._fields
]


def insert(row: ApprovalRow) -> None:
    """Add an approval."""
    Approval.insert(dict(zip(_COLUMNS, row, strict=True))).execute()


def get(workspace_id: UUID, approval_id: UUID) -> ApprovalRow | None:
    """An approval."""
    query: Any = Approval.select(*_COLUMNS).where(_named(workspace_id, approval_id))
    row = query.tuples().first()
    return ApprovalRow._make(row) if row else None


def lock(workspace_id: UUID, approval_id: UUID) -> ApprovalRow | None:
    """An approval, held until the transaction ends: of two decisions one comes second."""
    query: Any = Approval.select(*_COLUMNS).where(_named(workspace_id, approval_id)).for_update()
    row = query.tuples().first()
    return ApprovalRow._make(row) if row else None


def page(
    workspace_id: UUID, *, states: frozenset[str] | None, execution_id: UUID | None, after: UUID | None, limit: int
) -> list[ApprovalRow]:
    """A page of a workspace's approvals, the newest first; of some states, of one execution."""
    where = Approval.workspace == workspace_id
    if states == frozenset({"PENDING"}):
        # A partial index is found by this word, not by a parameter.
        where &= peewee.SQL("state = 'PENDING'")
    elif states is not None:
        where &= Approval.state.in_(sorted(states))
    if execution_id is not None:
        where &= Approval.execution_id == execution_id
    if after is not None:
        where &= Approval.id < after
    query: Any = Approval.select(*_COLUMNS).where(where).order_by(Approval.id.desc()).limit(limit)
    return [ApprovalRow._make(row) for row in query.tuples()]


def of_execution(workspace_id: UUID, execution_id: UUID, *, limit: int) -> list[ApprovalRow]:
    """The approvals that an execution asked for, the oldest first."""
    where = (Approval.workspace == workspace_id) & (Approval.execution_id == execution_id)
    query: Any = Approval.select(*_COLUMNS).where(where).order_by(Approval.id).limit(limit)
    return [ApprovalRow._make(row) for row in query.tuples()]


def decide(
    workspace_id: UUID,
    approval_id: UUID,
    *,
    state: str,
    data: dict[str, Any],
    comment: str,
    decider: str,
    now: datetime,
) -> None:
    """Write down a decision."""
    Approval.update(state=state, data=data, comment=comment, decider=decider, decide_time=now).where(
        _named(workspace_id, approval_id)
    ).execute()


def _named(workspace_id: UUID, approval_id: UUID) -> Any:
    return (Approval.workspace == workspace_id) & (Approval.id == approval_id)
