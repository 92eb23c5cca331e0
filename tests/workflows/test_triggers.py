"""Triggers are those of the latest version of an active workflow, and stay paused whatever happens to it."""

from datetime import UTC, datetime, timedelta

import pytest

from server.core import clock, ids, tenancy
from server.workflows.models import Trigger
from tests.support.client import RpcError
from tests.workflows.calls import TRIGGERS, ask, create, update, wf
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import by, events_of, ws
from userdata.workflows.v1 import trigger_pb2, workflow_pb2
from userdata.workflows.v1 import trigger_service_pb2 as pb

STEPS = [{"id": "done", "type": "transform", "with": {"output": 1}}]
SOURCE = "src_01jbrk8xw7e5tvh2c9n4m6q0za"
NIGHTLY = {"id": "nightly", "schedule": {"cron": "0 2 * * *", "time_zone": "Europe/Berlin"}}
PLACED = {"id": "placed", "event": {"type": "order.placed", "filter": "event.data.total > 10.0"}}
HOOK = {"id": "hook", "webhook": {"source_id": SOURCE}}
AFTER = {"id": "after", "workflow": {"name": "other", "states": ["FAILED"]}}
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def having(*triggers):
    return {"triggers": list(triggers), "steps": STEPS}


@pytest.fixture
def made(ada, acme):
    return create(by(ada), acme, definition=having(NIGHTLY, PLACED, HOOK, AFTER))


@pytest.fixture
def active(ada, acme, made):
    with clock.frozen(NOW):
        return ask(by(ada), "ActivateWorkflow", acme, made.id)


def listed(ada, acme, workflow_id):
    request = pb.ListTriggersRequest(workspace_id=ws(acme), workflow_id=workflow_id)
    return {trigger.id: trigger for trigger in by(ada)(f"{TRIGGERS}ListTriggers", request).triggers}


def turn(ada, acme, verb, workflow_id, key):
    request = getattr(pb, f"{verb}TriggerRequest")(workspace_id=ws(acme), workflow_id=workflow_id, trigger_id=key)
    return by(ada)(f"{TRIGGERS}{verb}Trigger", request)


def names(workspace):
    return sorted(name for name, _ in events_of(workspace.id) if name.startswith("workflow."))


def test_a_draft_has_no_triggers(ada, acme, made):
    assert listed(ada, acme, made.id) == {}


def test_activating_sets_the_triggers_going(ada, acme, active):
    assert active.state == workflow_pb2.WORKFLOW_STATE_ACTIVE
    found = listed(ada, acme, active.id)
    assert {key: trigger_pb2.TriggerKind.Name(trigger.kind) for key, trigger in found.items()} == {
        "after": "TRIGGER_KIND_WORKFLOW",
        "hook": "TRIGGER_KIND_WEBHOOK",
        "nightly": "TRIGGER_KIND_SCHEDULE",
        "placed": "TRIGGER_KIND_EVENT",
    }
    assert found["nightly"].next_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 3, 1, tzinfo=UTC)
    assert not found["placed"].HasField("next_time")
    assert found["placed"].definition.event.filter == "event.data.total > 10.0"
    assert names(acme) == ["workflow.activated", "workflow.created"]
    again = ask(by(ada), "ActivateWorkflow", acme, active.id)
    assert again == active
    assert names(acme) == ["workflow.activated", "workflow.created"]


def test_the_rows_say_which_events_may_start(acme, active):
    tenancy.enter(acme.id)
    rows = {row.key: (row.event_type, row.subject, row.version) for row in Trigger.select()}
    assert rows["nightly"] == (None, None, 1)
    assert rows["placed"] == ("order.placed", None, 1)
    assert rows["hook"][1] == SOURCE
    assert rows["after"][0] == "workflow.executed"


@pytest.mark.parametrize(("verb", "state"), [("PauseWorkflow", "PAUSED"), ("ArchiveWorkflow", "ARCHIVED")])
def test_what_is_not_active_has_no_triggers(ada, acme, active, verb, state):
    stopped = ask(by(ada), verb, acme, active.id)
    assert workflow_pb2.WorkflowState.Name(stopped.state) == f"WORKFLOW_STATE_{state}"
    assert stopped.definition == active.definition
    assert listed(ada, acme, active.id) == {}
    assert ask(by(ada), verb, acme, active.id) == stopped
    assert names(acme) == sorted(["workflow.activated", "workflow.created", f"workflow.{state.lower()}"])
    assert len(listed(ada, acme, ask(by(ada), "ActivateWorkflow", acme, active.id).id)) == 4


def test_a_deleted_workflow_has_no_triggers(ada, acme, active):
    ask(by(ada), "DeleteWorkflow", acme, active.id)
    tenancy.enter(acme.id)
    assert Trigger.select().count() == 0


def test_only_what_is_active_can_be_paused(ada, acme, made):
    with pytest.raises(RpcError) as refused:
        ask(by(ada), "PauseWorkflow", acme, made.id)
    assert (refused.value.reason, refused.value.metadata["state"]) == ("WORKFLOW_NOT_ACTIVE", "DRAFT")
    ask(by(ada), "ArchiveWorkflow", acme, made.id)
    with pytest.raises(RpcError, match="WORKFLOW_NOT_ACTIVE"):
        ask(by(ada), "PauseWorkflow", acme, made.id)


def test_an_archived_workflow_is_not_changed(ada, acme, made):
    ask(by(ada), "ArchiveWorkflow", acme, made.id)
    with pytest.raises(RpcError, match="WORKFLOW_ARCHIVED"):
        update(by(ada), acme, made.id, description="new")
    ask(by(ada), "ActivateWorkflow", acme, made.id)
    assert update(by(ada), acme, made.id, description="new").description == "new"


def test_a_new_version_brings_its_triggers(ada, acme, active):
    later = {"id": "nightly", "schedule": {"cron": "0 3 * * *", "time_zone": "Europe/Berlin"}}
    tenancy.enter(acme.id)
    Trigger.update(last_time=NOW, last_execution_id=ids.new()).where(Trigger.key == "placed").execute()
    with clock.frozen(NOW):
        update(by(ada), acme, active.id, definition=having(later, PLACED))
    found = listed(ada, acme, active.id)
    assert {key: trigger.version for key, trigger in found.items()} == {"nightly": 2, "placed": 2}
    assert found["nightly"].next_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 3, 2, tzinfo=UTC)
    assert found["placed"].last_time.ToDatetime(tzinfo=UTC) == NOW
    assert found["placed"].last_execution_id.startswith("exe_")


def test_a_save_does_not_make_a_schedule_miss_a_time_that_is_due(ada, acme, active):
    with clock.frozen(NOW + timedelta(days=2)):
        update(by(ada), acme, active.id, definition=having(NIGHTLY))
    found = listed(ada, acme, active.id)
    assert found["nightly"].next_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 3, 1, tzinfo=UTC)


def test_a_paused_trigger_stays_paused_until_it_is_resumed(ada, acme, active):
    paused = turn(ada, acme, "Pause", active.id, "nightly")
    assert paused.paused
    assert not paused.HasField("next_time")
    assert turn(ada, acme, "Pause", active.id, "nightly") == paused
    update(by(ada), acme, active.id, definition=having(NIGHTLY))
    assert listed(ada, acme, active.id)["nightly"].paused
    ask(by(ada), "PauseWorkflow", acme, active.id)
    ask(by(ada), "ActivateWorkflow", acme, active.id)
    assert listed(ada, acme, active.id)["nightly"].paused
    with clock.frozen(NOW):
        resumed = turn(ada, acme, "Resume", active.id, "nightly")
    assert not resumed.paused
    assert resumed.next_time.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 3, 1, tzinfo=UTC)
    assert turn(ada, acme, "Resume", active.id, "nightly") == resumed
    told = [name for name in names(acme) if ".trigger." in name]
    assert told == ["workflow.trigger.paused", "workflow.trigger.resumed"]
    assert ("workflow.trigger.paused", {"workflowId": active.id, "triggerId": "nightly"}) in events_of(acme.id)


def test_a_trigger_that_is_not_there(ada, acme, active):
    for verb in ("Pause", "Resume"):
        with pytest.raises(RpcError) as refused:
            turn(ada, acme, verb, active.id, "nobody")
        assert refused.value.code == "NOT_FOUND"


def test_a_definition_that_cannot_be_read_any_more_is_told_of(ada, acme):
    broken = {"steps": [{"id": "old", "type": "transform", "if": "1 +", "with": {"output": 1}}]}
    workflow = make_workflow(acme, broken, state="PAUSED")
    with pytest.raises(RpcError) as refused:
        ask(by(ada), "ActivateWorkflow", acme, wf(workflow))
    assert refused.value.reason == "WORKFLOW_DEFINITION_INVALID"
    assert [*refused.value.violations] == ["definition/steps/0/if"]
