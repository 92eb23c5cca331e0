"""Looking at the triggers of active workflows, and pausing and resuming them one by one."""

from uuid import UUID

from server.core import events, ids
from server.core.call import Call
from server.core.errors import NotFound
from server.workflows.queries import triggers as queries
from server.workflows.queries.triggers import TriggerRow
from server.workflows.queries.workflows import WorkflowRow
from server.workflows.service import syncing, versions, workflows
from userdata.workflows.v1.workflow_events_pb2 import WorkflowTriggerPaused, WorkflowTriggerResumed


def of_workflow(workspace_id: UUID, workflow_id: UUID) -> list[TriggerRow]:
    """The triggers of a workflow by id. Raises NotFound."""
    workflows.get(workspace_id, workflow_id)
    return queries.of_workflow(workspace_id, workflow_id)


def pause(caller: Call, workflow_id: UUID, key: str) -> TriggerRow:
    """The trigger, which starts nothing until it is resumed. Raises NotFound."""
    workflow, trigger = _hold(caller, workflow_id, key)
    if trigger.paused:
        return trigger
    _publish("paused", workflow, WorkflowTriggerPaused(workflow_id=ids.encode("wf", workflow.id), trigger_id=key))
    return _turn(workflow, trigger, paused=True)


def resume(caller: Call, workflow_id: UUID, key: str) -> TriggerRow:
    """The trigger, which starts the workflow again from now on. Raises NotFound."""
    workflow, trigger = _hold(caller, workflow_id, key)
    if not trigger.paused:
        return trigger
    _publish("resumed", workflow, WorkflowTriggerResumed(workflow_id=ids.encode("wf", workflow.id), trigger_id=key))
    return _turn(workflow, trigger, paused=False)


def _hold(caller: Call, workflow_id: UUID, key: str) -> tuple[WorkflowRow, TriggerRow]:
    workflow = workflows.hold(caller, workflow_id)
    found = next((row for row in queries.held(workflow.workspace_id, workflow.id) if row.key == key), None)
    if found is None:
        raise NotFound
    return workflow, found


def _turn(workflow: WorkflowRow, trigger: TriggerRow, *, paused: bool) -> TriggerRow:
    others = [key for key in workflow.paused_triggers if key != trigger.key]
    versions.change(workflow, paused_triggers=[*others, trigger.key] if paused else others)
    next_time = None if paused else syncing.next_time_of(trigger.kind, trigger.definition)
    queries.turn(trigger.workspace_id, trigger.workflow_id, trigger.key, paused=paused, next_time=next_time)
    return trigger._replace(paused=paused, next_time=next_time)


def _publish(what: str, row: WorkflowRow, payload: WorkflowTriggerPaused | WorkflowTriggerResumed) -> None:
    subject = ids.encode("wf", row.id)
    events.publish(f"workflow.trigger.{what}", payload, subject=subject, workspace=row.workspace_id)
