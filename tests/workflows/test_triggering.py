"""Events start the workflows that listen, once each, and what cannot be started can be seen."""

from collections.abc import Mapping
from typing import Any

import pytest

from server.core import events, ids, tenancy
from server.core.db import db
from server.core.events import Draft
from server.core.models import EventPending
from server.events.service import draining
from server.workflows.models import Execution, OpenExecution, Trigger, Workflow
from server.workflows.service import triggering
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.workflows.factories import arm, make_workflow, publish
from tests.workspaces.factories import make_workspace

STEPS = [{"id": "done", "type": "transform", "with": {"output": 1}}]


def drain() -> None:
    """Drain what is pending."""
    with db.atomic():
        batch = draining.take(1000)
        draining.settle(batch, triggering.listen(batch))


def triggered(workspace: Workspace, *triggers: Mapping[str, Any], **definition: Any) -> Workflow:
    """An active workflow with triggers."""
    workflow = make_workflow(workspace, {"triggers": list(triggers), "steps": STEPS, **definition})
    arm(workflow)
    return workflow


def on(kind: str, **more: Any) -> dict[str, Any]:
    """A trigger on events of a type."""
    event = {"type": kind} | ({"filter": more.pop("filter")} if "filter" in more else {})
    return {"id": "placed", "event": event, **more}


def begun(workflow: Workflow) -> list[OpenExecution]:
    """Its open executions, oldest first."""
    return list(OpenExecution.select().where(OpenExecution.workflow_id == workflow.id).order_by(OpenExecution.id))


def failed(workflow: Workflow) -> list[dict[str, Any]]:
    """The errors of its executions that never began."""
    rows = Execution.select().where((Execution.workflow_id == workflow.id) & (Execution.state == "FAILED"))
    return [row.error for row in rows.order_by(Execution.id)]


def test_an_event_starts_what_listens_to_its_type(worker) -> None:
    exactly, prefix = triggered(worker, on("order.placed")), triggered(worker, on("order.*"))
    other = triggered(worker, on("user.created"))
    event = publish(worker, "order.placed", {"id": 7})
    publish(worker, "order.sent", {"id": 8})
    drain()
    [row] = begun(exactly)
    assert [row.input["id"] for row in begun(prefix)] == [7, 8]
    assert begun(other) == []
    assert (row.trigger, row.version, row.state, row.input, row.actor) == ("EVENT", 1, "READY", {"id": 7}, "system")
    assert row.cause["id"] == "placed"
    assert row.cause["event"] | {"time": "", "create_time": ""} == {
        "id": ids.encode("evt", event),
        "type": "order.placed",
        "subject": "ord_1",
        "workspace_id": ids.encode("ws", worker.id),
        "actor": "system",
        "channels": [],
        "time": "",
        "create_time": "",
        "ordering_key": None,
        "sequence": None,
        "data": {"id": 7},
    }


def test_a_filter_decides_and_a_template_makes_the_input(worker) -> None:
    made = {"order": "${event.data.id}", "by": "${trigger.kind} in ${workspace.slug} for ${workflow.name}"}
    workflow = triggered(worker, on("order.placed", filter="event.data.total > 10", input=made))
    publish(worker, "order.placed", {"id": 1, "total": 5})
    publish(worker, "order.placed", {"id": 2, "total": 15})
    drain()
    [row] = begun(workflow)
    assert row.input == {"order": 2, "by": f"EVENT in acme-engines for {workflow.name}"}
    assert failed(workflow) == []


def test_a_filter_or_an_input_without_a_value_is_seen(worker) -> None:
    filtered = triggered(worker, on("order.placed", filter="event.data.total > 10"))
    made = triggered(worker, on("order.placed", input={"n": "${event.data.missing}"}))
    schema = {"type": "object", "properties": {"sum": {"type": "integer"}}}
    wrong = triggered(worker, on("order.placed", input={"sum": "${event.data.name}"}), input_schema=schema)
    publish(worker, "order.placed", {"id": 1, "name": "x"})
    drain()
    for workflow, code in ((filtered, "EXPRESSION_FAILED"), (made, "EXPRESSION_FAILED"), (wrong, "INPUT_INVALID")):
        assert begun(workflow) == []
        [error] = failed(workflow)
        assert error["code"] == code
    assert failed(filtered)[0]["details"]["expression"] == "event.data.total > 10"
    assert Execution.get(Execution.workflow_id == filtered.id).input == {"id": 1, "name": "x"}


def test_one_that_is_refused_does_not_hold_up_the_others(worker) -> None:
    workflow = triggered(worker, on("order.placed", filter="event.data.total > 10"))
    for data in ({"total": 11}, {}, {"total": 12}):
        publish(worker, "order.placed", data)
    drain()
    assert ([row.input["total"] for row in begun(workflow)], len(failed(workflow))) == ([11, 12], 1)


def test_data_that_is_nested_too_deep_holds_up_nobody(worker) -> None:
    workflow = triggered(worker, on("order.placed"))
    for depth in (100, 900, 5000):
        tenancy.enter(worker.id)
        text = '{"a":' * depth + "1" + "}" * depth
        events.publish_many([Draft("order.placed", "s", text)], workspace=worker.id)
    publish(worker, "order.placed", {"id": 7})
    drain()
    assert [list(row.input) for row in begun(workflow)] == [["a"], ["id"]]
    assert [error["code"] for error in failed(workflow)] == ["EVENT_INVALID"] * 2


def test_a_drain_that_dies_leaves_nothing_and_the_event_starts_once(worker) -> None:
    workflow = triggered(worker, on("order.placed"))
    publish(worker, "order.placed")
    with pytest.raises(RuntimeError), db.atomic():
        draining.settle(batch := draining.take(1000), triggering.listen(batch))
        assert len(begun(workflow)) == 1
        raise RuntimeError
    assert begun(workflow) == []
    drain()
    drain()
    assert len(begun(workflow)) == 1


def test_an_event_that_is_handed_out_again_starts_nothing_again(worker) -> None:
    workflow = triggered(worker, on("order.placed"))
    event = publish(worker, "order.placed")
    drain()
    EventPending.insert(event_id=event, event_time=ids.time_of(event), workspace_id=worker.id).execute()
    [first] = begun(workflow)
    drain()
    assert [row.id for row in begun(workflow)] == [first.id]


def test_a_workflow_may_have_a_key_of_its_own(worker) -> None:
    workflow = triggered(worker, on("order.placed"), idempotency_key="${input.id}")
    for number in (1, 1, 2):
        publish(worker, "order.placed", {"id": number})
    drain()
    assert [row.input["id"] for row in begun(workflow)] == [1, 2]


def test_paused_triggers_and_those_of_other_workspaces_start_nothing(worker) -> None:
    paused = triggered(worker, on("order.placed"))
    Trigger.update(paused=True).where(Trigger.workflow == paused.id).execute()
    other = make_workspace(make_person(), slug="other")
    elsewhere = triggered(other, on("order.placed"))
    publish(worker, "order.placed")
    drain()
    assert begun(paused) == begun(elsewhere) == []


def test_what_a_source_publishes_starts_what_listens_to_the_source(worker) -> None:
    source, another = ids.encode("src", ids.new()), ids.encode("src", ids.new())
    workflow = triggered(worker, {"id": "hook", "webhook": {"source_id": source, "filter": "event.data.event != 'x'"}})
    publish(worker, "stripe.event", {"body": 1, "event": "paid"}, subject=source)
    publish(worker, "stripe.event", {"body": 2, "event": "x"}, subject=source)
    publish(worker, "stripe.event", {"body": 3, "event": "paid"}, subject=another)
    drain()
    assert [(row.trigger, row.input["body"]) for row in begun(workflow)] == [("WEBHOOK", 1)]


def ended(workspace: Workspace, workflow: Workflow, state: str = "SUCCEEDED", *, depth: int = 0) -> None:
    """Tell that an execution of a workflow ended, as a runner does."""
    [row] = Execution.insert_many([_finished(workspace, workflow, state, depth)]).returning(Execution.id).execute()
    said = {"executionId": ids.encode("exe", row.id), "workflowName": workflow.name, "state": state}
    publish(workspace, "workflow.executed", said, subject=said["executionId"])


def _finished(workspace: Workspace, workflow: Workflow, state: str, depth: int) -> dict[str, Any]:
    execution = ids.new()
    words = {"trigger": "MANUAL", "actor": "system", "trace_parent": "", "cancel_reason": ""}
    numbers = {"version": 1, "priority": 3, "depth": depth, "generation": 1, "revision": 1}
    time = ids.time_of(execution)
    documents: dict[str, Any] = {"cause": {}, "input": {}, "labels": {}}
    keys = {"id": execution, "workspace_id": workspace.id, "workflow_id": workflow.id, "state": state}
    return {**keys, **words, **numbers, **documents, "create_time": time, "end_time": time, "output": {"sum": 7}}


def test_a_workflow_follows_another_in_the_states_it_names(worker) -> None:
    first = triggered(worker, on("never.sent"))
    usual = triggered(worker, {"id": "after", "workflow": {"name": first.name}})
    after = {"id": "after", "workflow": {"name": first.name, "states": ["FAILED", "TIMED_OUT"]}}
    made = {"of": "${event.data.executionId}", "gave": "${event.data.output.sum}"}
    mending = triggered(worker, {**after, "input": made})
    for state in ("SUCCEEDED", "FAILED", "CANCELLED"):
        ended(worker, first, state)
    ended(worker, usual)
    drain()
    assert [row.input["state"] for row in begun(usual)] == ["SUCCEEDED"]
    assert [(row.trigger, row.depth) for row in begun(mending)] == [("WORKFLOW", 1)]
    assert begun(mending)[0].input["of"].startswith("exe_")
    assert begun(mending)[0].input["gave"] == 7
    assert begun(usual)[0].input["output"] == {"sum": 7}


def test_workflows_that_start_each_other_come_to_an_end(worker) -> None:
    first = triggered(worker, on("never.sent"))
    second = triggered(worker, {"id": "after", "workflow": {"name": first.name}})
    every = triggered(worker, on("workflow.executed"))
    ended(worker, first, depth=9)
    ended(worker, first, depth=10)
    drain()
    for workflow in (second, every):
        assert [row.depth for row in begun(workflow)] == [10]
        assert [error["code"] for error in failed(workflow)] == ["DEPTH_LIMIT"]


def test_a_workflow_that_publishes_what_starts_it_comes_to_an_end(worker) -> None:
    workflow = triggered(worker, on("order.placed"))
    publish(worker, "order.placed")
    drain()
    while len(rows := begun(workflow)) < 20:
        publish(worker, "order.placed", actor=ids.encode("exe", rows[-1].id))
        drain()
        if failed(workflow):
            break
    assert [row.depth for row in rows] == list(range(11))
    assert [error["code"] for error in failed(workflow)] == ["DEPTH_LIMIT"]


def test_a_trigger_tells_what_it_started_last(worker) -> None:
    workflow = triggered(worker, on("order.placed"))
    publish(worker, "order.placed")
    publish(worker, "order.placed")
    drain()
    row = Trigger.get(Trigger.workflow == workflow.id)
    last = begun(workflow)[-1]
    assert (row.last_execution_id, row.last_time) == (
        last.id,
        ids.time_of(ids.decode("evt", last.cause["event"]["id"])),
    )


def test_executions_of_a_batch_cost_no_more_statements_than_one(worker, monkeypatch: pytest.MonkeyPatch) -> None:
    triggered(worker, on("order.placed"))
    publish(worker, "order.placed")
    drain()
    asked: list[str] = []
    execute = db.execute_sql

    def spy(sql: str, params: Any = None) -> Any:
        asked.append(sql)
        return execute(sql, params)

    counts = []
    for count in (1, 200):
        for _ in range(count):
            publish(worker, "order.placed")
        with monkeypatch.context() as patch:
            patch.setattr(db, "execute_sql", spy)
            drain()
        counts.append(len(asked))
        asked.clear()
    assert counts[0] == counts[1]
    assert OpenExecution.select().count() == 202
