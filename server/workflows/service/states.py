"""Activating, pausing and archiving workflows."""

from typing import Any
from uuid import UUID

from server.core import ids
from server.core.call import Call
from server.workflows.convert import workflows as convert
from server.workflows.errors import WorkflowNotActive
from server.workflows.queries import triggers as trigger_queries
from server.workflows.queries.workflows import WorkflowRow
from server.workflows.service import definitions, syncing, versions, workflows
from userdata.workflows.v1.workflow_events_pb2 import WorkflowActivated, WorkflowArchived, WorkflowPaused


def activate(caller: Call, workflow_id: UUID, *, etag: str) -> tuple[WorkflowRow, dict[str, Any]]:
    """The workflow, whose triggers start it from now on. An active one stays as it is.

    Raises NotFound, Aborted, WorkflowDefinitionInvalid.
    """
    before = workflows.hold(caller, workflow_id, etag=etag)
    if before.state == "ACTIVE":
        return before, versions.latest(before)
    row = versions.change(before, state="ACTIVE")
    syncing.sync(row, definitions.of_version(row.workspace_id, row.id, row.version))
    workflows.publish("activated", row, WorkflowActivated(workflow=convert.workflow(row)))
    return row, versions.latest(row)


def pause(caller: Call, workflow_id: UUID, *, etag: str) -> tuple[WorkflowRow, dict[str, Any]]:
    """The workflow, which starts nothing until it is activated. Raises NotFound, Aborted, WorkflowNotActive."""
    before = workflows.hold(caller, workflow_id, etag=etag)
    if before.state == "PAUSED":
        return before, versions.latest(before)
    if before.state != "ACTIVE":
        raise WorkflowNotActive(workflow_id=ids.encode("wf", before.id), state=before.state)
    row = _stop(before, "PAUSED")
    workflows.publish("paused", row, WorkflowPaused(workflow=convert.workflow(row)))
    return row, versions.latest(row)


def archive(caller: Call, workflow_id: UUID, *, etag: str) -> tuple[WorkflowRow, dict[str, Any]]:
    """The workflow, which is only kept to be read. Raises NotFound, Aborted."""
    before = workflows.hold(caller, workflow_id, etag=etag)
    if before.state == "ARCHIVED":
        return before, versions.latest(before)
    row = _stop(before, "ARCHIVED")
    workflows.publish("archived", row, WorkflowArchived(workflow=convert.workflow(row)))
    return row, versions.latest(row)


def _stop(before: WorkflowRow, state: str) -> WorkflowRow:
    row = versions.change(before, state=state)
    trigger_queries.delete(row.workspace_id, row.id)
    return row
