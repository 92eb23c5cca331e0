"""What becomes of workflows when their workspace is purged."""

from datetime import date

from server.core import clock, ids, tenancy
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
from server.workflows.service import purge
from tests.accounts.world import as_worker
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import make_workspace

TABLES = [
    *(Approval, CachedOutput, Day, OpenExecution, Secret, Signal, Slot, StartKey, Trigger, Version, Wait, Workflow),
]


def fill(workspace):
    """A row of each table."""
    workflow = make_workflow(workspace)
    now, execution_id = clock.now(), ids.new()
    place, of = {"workspace": workspace.id}, {"workspace_id": workspace.id, "workflow_id": workflow.id}
    name = workflow.id.hex.upper()
    Trigger.create(workflow=workflow.id, key="t", kind="EVENT", version=1, definition={}, paused=False, **place)
    counts = dict.fromkeys(("succeeded", "failed", "cancelled", "timed_out"), 1)
    Day.create(workflow=workflow.id, day=date(2026, 11, 2), latencies=[1], **counts, **place)
    Secret.create(name=name, value=b"sealed", update_time=now, **place)
    Slot.create(workflow=workflow.id, key="k", rate_time=now, **place)
    StartKey.create(key="k", execution_id=execution_id, **of)
    CachedOutput.create(workspace_id=workspace.id, key=workflow.id.bytes, output={}, expire_time=now)
    OpenExecution.create(
        **{field.name: None for field in OpenExecution._meta.sorted_fields if field.null},
        id=execution_id,
        version=1,
        state="WAITING",
        priority=3,
        trigger="MANUAL",
        cause={},
        input={},
        labels={},
        depth=0,
        generation=1,
        actor="system",
        trace_parent="",
        **dict.fromkeys(("ready_time", "due_time", "timeout_time", "update_time"), now),
        poked=False,
        pause=False,
        cancel_reason="",
        revision=1,
        **of,
    )
    waiting = {"execution_id": execution_id, "workspace_id": workspace.id}
    Wait.create(path="ask", kind="SIGNAL", name="go", match="", variables={}, **waiting)
    Signal.create(name="go", payload={}, **waiting)
    Approval.create(
        execution_id=execution_id,
        workflow_id=workflow.id,
        path="ask",
        form={},
        approvers=[],
        state="PENDING",
        data={},
        **dict.fromkeys(("title", "description", "comment", "decider"), ""),
        **place,
    )


def counts(workspace):
    tenancy.enter(workspace.id)
    return [table.select().count() for table in TABLES]


def test_a_purge_takes_every_row_of_the_workspace_in_batches_and_no_other(ada, acme):
    other = make_workspace(ada)
    fill(other)
    tenancy.enter(acme.id)
    fill(acme)
    fill(acme)
    rounds = 0
    with as_worker():
        while purge.purge_workspace(acme.id, 1) == 1:
            rounds += 1
    assert rounds == 2 * len(TABLES)
    assert counts(acme) == [0] * len(TABLES)
    assert counts(other) == [1] * len(TABLES)
