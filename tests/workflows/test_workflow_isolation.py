"""Row-level security keeps workflows of one workspace from another, whatever a query forgets."""

from datetime import date

import pytest
from peewee import ProgrammingError

from server.core import clock, tenancy
from server.core.db import db
from server.workflows.models import Day, Secret, Trigger, Version, Workflow
from server.workflows.queries import days, secrets, triggers, workflows
from tests.support.client import RpcError
from tests.workflows.calls import WORKFLOWS, ask, update, wf
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import by, make_workspace, ws
from userdata.workflows.v1 import workflow_service_pb2 as pb

TABLES = [Workflow, Version, Trigger, Secret, Day]


@pytest.fixture
def theirs(ada, acme):
    """A workflow of another workspace, with everything that belongs to it; the scope goes on in acme."""
    other = make_workspace(ada)
    workflow = make_workflow(other)
    of_other = {"workspace": other.id}
    Trigger.create(workflow=workflow.id, key="t", kind="EVENT", version=1, definition={}, paused=False, **of_other)
    Secret.create(name="TOKEN", value=b"sealed", update_time=clock.now(), **of_other)
    counts = dict.fromkeys(("succeeded", "failed", "cancelled", "timed_out"), 1)
    Day.create(workflow=workflow.id, day=date(2026, 11, 2), latencies=[1], **counts, **of_other)
    tenancy.enter(acme.id)
    return workflow


def test_nothing_of_another_workspace_is_seen(acme, theirs):
    assert [table.select().count() for table in TABLES] == [0] * len(TABLES)
    place = theirs.workspace
    assert workflows.get(place, theirs.id) is None
    assert workflows.latest(place, theirs.id) is None
    assert workflows.page_of(place, after=None, limit=10) == []
    assert workflows.versions(place, theirs.id, before=None, limit=10) == []
    assert triggers.of_workflow(place, theirs.id) == []
    assert secrets.page_of(place, after=None, limit=10) == []
    assert days.of_workflow(place, theirs.id, first=date(2026, 1, 1), last=date(2026, 12, 31)) == []


def test_nothing_of_another_workspace_is_changed(acme, theirs):
    place = theirs.workspace
    workflows.update(place, theirs.id, description="mine now")
    triggers.turn(place, theirs.id, "t", paused=True, next_time=None)
    triggers.delete(place, theirs.id)
    assert not secrets.delete(place, "TOKEN")
    tenancy.enter(place)
    assert (Workflow.get().description, Trigger.get().paused, Secret.select().count()) == ("", False, 1)


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_written_into_another_workspace(acme, theirs, table):
    now = clock.now()
    values = {
        Workflow: {"name": "x", "display_name": "", "description": "", "state": "DRAFT", "version": 1, "labels": {}}
        | {"revision": 1, "update_time": now},
        Version: {"workflow": theirs.id, "number": 2, "definition": {}, "creator": ""},
        Trigger: {"workflow": theirs.id, "key": "u", "kind": "EVENT", "version": 1, "definition": {}, "paused": False},
        Secret: {"name": "OTHER", "value": b"sealed", "update_time": now},
        Day: {"workflow": theirs.id, "day": date(2026, 11, 3), "latencies": []}
        | dict.fromkeys(("succeeded", "failed", "cancelled", "timed_out"), 0),
    }[table]
    with pytest.raises(ProgrammingError, match="row-level security"), db.atomic():
        table.insert(workspace=theirs.workspace, **values).execute()


def test_a_workflow_is_not_reached_through_another_workspace(ada, acme, theirs):
    for verb in ("GetWorkflow", "DeleteWorkflow", "ActivateWorkflow", "ListWorkflowVersions"):
        with pytest.raises(RpcError) as refused:
            ask(by(ada), verb, acme, wf(theirs))
        assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        update(by(ada), acme, wf(theirs), description="mine now")
    assert refused.value.code == "NOT_FOUND"
    assert not by(ada)(f"{WORKFLOWS}ListWorkflows", pb.ListWorkflowsRequest(workspace_id=ws(acme))).workflows
