"""The triggers of a workflow are those of its latest version while it is active, and none otherwise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from server.core import clock
from server.workflows.language.cron import Schedule
from server.workflows.language.definition import Definition, Trigger
from server.workflows.queries import triggers as queries
from server.workflows.queries.triggers import TriggerRow
from server.workflows.queries.workflows import WorkflowRow

#: What an execution that ended publishes.
EXECUTED: Final = "workflow.executed"


def sync(row: WorkflowRow, definition: Definition) -> None:
    """Let the triggers be those of the latest version, which is `definition`, when the workflow is active; else none.

    A schedule that is as it was keeps its next time, so that a save does not make it miss one.
    """
    if row.state != "ACTIVE" or row.delete_time is not None:
        queries.delete(row.workspace_id, row.id)
        return
    present = {trigger.key: trigger for trigger in queries.held(row.workspace_id, row.id)}
    queries.delete(row.workspace_id, row.id, but={trigger.id for trigger in definition.triggers})
    for trigger in definition.triggers:
        queries.put(_row(row, trigger, present.get(trigger.id)))


def _row(workflow: WorkflowRow, trigger: Trigger, present: TriggerRow | None) -> TriggerRow:
    paused = trigger.id in workflow.paused_triggers
    event_type, subject = _watched(trigger)
    next_time = None
    if not paused:
        unchanged = present is not None and present.definition == trigger.text
        next_time = present.next_time if present and unchanged else next_time_of(trigger.kind, trigger.text)
    return TriggerRow(
        workflow_id=workflow.id,
        key=trigger.id,
        workspace_id=workflow.workspace_id,
        kind=trigger.kind,
        version=workflow.version,
        event_type=event_type,
        subject=subject,
        definition=dict(trigger.text),
        paused=paused,
        next_time=next_time,
        last_time=None,
        last_execution_id=None,
    )


def _watched(trigger: Trigger) -> tuple[str | None, str | None]:
    """The type and the subject of the events that may start it; None where any may."""
    match trigger.kind:
        case "EVENT":
            return str(trigger.text["event"]["type"]), None
        case "WEBHOOK":
            return None, str(trigger.text["webhook"]["source_id"])
        case "WORKFLOW":
            return EXECUTED, None
    return None, None


def next_time_of(kind: str, text: Mapping[str, Any]) -> datetime | None:
    """When a schedule is due after the present moment; None for other kinds, and when it never is."""
    if kind != "SCHEDULE":
        return None
    schedule = text["schedule"]
    return Schedule(schedule["cron"], schedule.get("time_zone") or "UTC").next(clock.now())
