"""Queries on `workflow_trigger`, for whoever edits workflows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.workflows.models import Trigger


class TriggerRow(NamedTuple):
    """A row of `workflow_trigger`."""

    workflow_id: UUID
    key: str
    workspace_id: UUID
    kind: str
    version: int
    event_type: str | None
    subject: str | None
    definition: dict[str, Any]
    paused: bool
    next_time: datetime | None
    last_time: datetime | None
    last_execution_id: UUID | None


_COLUMNS: Final = [
    Trigger.workflow
    if name == "workflow_id"
    else Trigger.workspace
    if name == "workspace_id"
    else getattr(Trigger, name)
    for name in TriggerRow._fields
]
#: What a starter of executions writes, and a save of a definition leaves as it is.
_HISTORY: Final = frozenset({"last_time", "last_execution_id"})
_KEYS: Final = frozenset({"workflow_id", "key", "workspace_id"})


def of_workflow(workspace_id: UUID, workflow_id: UUID) -> list[TriggerRow]:
    """The triggers of a workflow by key."""
    where = (Trigger.workspace == workspace_id) & (Trigger.workflow == workflow_id)
    rows: Any = Trigger.select(*_COLUMNS).where(where).order_by(Trigger.key).tuples()
    return [TriggerRow._make(row) for row in rows]


def held(workspace_id: UUID, workflow_id: UUID) -> list[TriggerRow]:
    """The triggers of a workflow by key, held until the transaction ends."""
    where = (Trigger.workspace == workspace_id) & (Trigger.workflow == workflow_id)
    rows: Any = Trigger.select(*_COLUMNS).where(where).order_by(Trigger.key).for_update().tuples()
    return [TriggerRow._make(row) for row in rows]


def put(row: TriggerRow) -> None:
    """Insert `row`, or let the trigger of its key be as it says; when and what it last started stays."""
    changed = [getattr(Trigger, name) for name in TriggerRow._fields if name not in _HISTORY | _KEYS]
    query = Trigger.insert(**row._asdict())
    query.on_conflict(conflict_target=[Trigger.workflow, Trigger.key], preserve=changed).execute()


def delete(workspace_id: UUID, workflow_id: UUID, *, but: Collection[str] = ()) -> None:
    """Delete the triggers of a workflow, but those of some keys."""
    where = (Trigger.workspace == workspace_id) & (Trigger.workflow == workflow_id)
    if but:
        where &= Trigger.key.not_in(sorted(but))
    Trigger.delete().where(where).execute()


def turn(workspace_id: UUID, workflow_id: UUID, key: str, *, paused: bool, next_time: datetime | None) -> None:
    """Pause or resume a trigger."""
    where = (Trigger.workspace == workspace_id) & (Trigger.workflow == workflow_id) & (Trigger.key == key)
    Trigger.update(paused=paused, next_time=next_time).where(where).execute()
