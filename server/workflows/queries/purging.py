"""Deleting what a workspace leaves of workflows, some at a time.

Finished executions, their steps and logs are not here: their partitions are dropped when their time is over.
"""

from typing import Any, Final
from uuid import UUID

import peewee

from server.core import batches
from server.workflows.models import (
    Approval,
    CachedOutput,
    Day,
    OpenExecution,
    Secret,
    Signal,
    Slot,
    StartKey,
    Trigger,
    Version,
    Wait,
    Workflow,
)

#: In the order in which they go: nothing starts any more, nothing runs, and what refers to a workflow before itself.
_TABLES: Final = (
    (Trigger, Trigger.workspace, Trigger.workspace),
    (OpenExecution, OpenExecution.workspace_id, OpenExecution.id),
    (Signal, Signal.workspace_id, Signal.id),
    (Approval, Approval.workspace, Approval.id),
    (Slot, Slot.workspace, Slot.workspace),
    (StartKey, StartKey.workspace_id, StartKey.create_time),
    (Secret, Secret.workspace, Secret.name),
    (CachedOutput, CachedOutput.workspace_id, CachedOutput.key),
    (Day, Day.workspace, Day.workspace),
    (Version, Version.workspace, Version.workspace),
    (Workflow, Workflow.workspace, Workflow.id),
)


def delete_some(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows that belong to the workspace; gives how many, 0 when none is left."""
    # Waits are found by the executions that go next.
    waiting = OpenExecution.select(OpenExecution.id).where(OpenExecution.workspace_id == workspace_id)
    next_ones = peewee.fn.ARRAY(waiting.order_by(OpenExecution.id).limit(limit))
    of_next: Any = Wait.execution_id == peewee.fn.ANY(next_ones)
    deleted = batches.delete_some(Wait, of_next, oldest=Wait.execution_id, limit=limit)
    if deleted:
        return deleted
    for model, owner, oldest in _TABLES:
        deleted = batches.delete_some(model, owner == workspace_id, oldest=oldest, limit=limit)
        if deleted:
            return deleted
    return 0
