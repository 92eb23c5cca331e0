"""A runner, from the start of an execution to its end, on a real database."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from server.core import events, ids, tenancy
from server.core.db import db
from server.core.events import Draft
from server.events.models import EventType, EventTypeVersion
from server.workflows.models import Approval
from server.workflows.service import poking
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support.wait import until
from tests.workflows.factories import make_workflow
from tests.workflows.running import ask, begin, chain, finished, problems, runner, start, state_of, step, steps_of
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres
from userdata.workflows.v1 import workflow_events_pb2 as pb
from workers.drain import Drain
from workers.stopping import Stop


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by workers."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
    yield workspace
    assert problems() == []
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def publish(workspace: Workspace, kind: str, *, data: dict[str, Any]) -> None:
    """Publish an event and drain it."""
    stop = Stop()
    with tenancy.transaction():
        tenancy.enter(workspace.id)
        events.publish_many([Draft(kind, "sub", json.dumps(data))], workspace=workspace.id)
    Drain(stop).turn()
    stop.close()


def test_a_chain_of_steps_runs_to_its_end(shop) -> None:
    (execution,) = begin(shop, chain(3))
    with runner() as probe:
        assert finished(execution) == ("SUCCEEDED", {"s0": "s0", "s1": "s1", "s2": "s2"}, None)
    assert probe.made == [("s0", 1), ("s1", 1), ("s2", 1)]
    assert steps_of(execution) == [("s0", 1, "SUCCEEDED"), ("s1", 1, "SUCCEEDED"), ("s2", 1, "SUCCEEDED")]
    assert [kind for (kind,) in ask("SELECT type FROM event WHERE type LIKE 'workflow%%'")] == ["workflow.executed"]
    assert ask("SELECT succeeded, failed FROM workflow_day") == [(1, 0)]


def test_a_step_is_tried_again_and_fails_for_good(shop) -> None:
    retry = {"max_attempts": 3, "initial": "10ms", "jitter": 0}
    (lucky,) = begin(shop, {"steps": [step("a", config={"fail": "BUSY", "times": 2, "value": 1}, retry=retry)]})
    (doomed,) = begin(shop, {"steps": [step("a", config={"fail": "BUSY", "log": "trying"}, retry=retry)]})
    with runner():
        assert finished(lucky)[:2] == ("SUCCEEDED", {"a": 1})
        state, _, error = finished(doomed)
    assert (state, error["code"], error["path"]) == ("FAILED", "BUSY", "a")
    assert [status for _, _, status in steps_of(lucky)] == ["FAILED", "FAILED", "SUCCEEDED"]
    told = ask("SELECT data->>'executionId', data->>'attempts' FROM event WHERE type = 'workflow.step.failed'")
    assert told == [(ids.encode("exe", doomed), "3")]
    assert ask("SELECT message, attempt FROM workflow_log WHERE execution_id = %s ORDER BY id", doomed) == [
        ("trying", 1),
        ("trying", 2),
        ("trying", 3),
    ]


def test_the_events_of_an_execution_are_what_the_contract_says(shop) -> None:
    (execution,) = begin(shop, {"steps": [step("a", config={"fail": "BUSY"})]}, labels={"of": "test"})
    with runner():
        finished(execution)
    told = dict(ask("SELECT type, data FROM event WHERE type LIKE 'workflow%%'"))
    executed = ParseDict(told["workflow.executed"], pb.WorkflowExecuted())
    assert (executed.state, executed.failed_step, executed.error_code) == ("FAILED", "a", "BUSY")
    assert (executed.trigger, executed.generation, dict(executed.labels)) == ("MANUAL", 1, {"of": "test"})
    assert executed.create_time.ToDatetime() <= executed.start_time.ToDatetime() <= executed.end_time.ToDatetime()
    failed = ParseDict(told["workflow.step.failed"], pb.WorkflowStepFailed())
    assert (failed.path, failed.type, failed.attempts, failed.error_code) == ("a", "probe", 1, "BUSY")


def test_a_delay_costs_no_runner_until_it_is_over(shop) -> None:
    (execution,) = begin(shop, {"steps": [step("a", type="delay", config={"duration": "400ms"}), step("b", "a")]})
    with runner():
        until(lambda: state_of(execution) == "WAITING")
        assert finished(execution)[0] == "SUCCEEDED"


def test_a_signal_is_heard_whenever_it_comes(shop) -> None:
    definition = {"steps": [step("a", type="signal", config={"name": "go"})]}
    early, late = begin(shop, definition, 2)
    with tenancy.transaction():
        assert poking.signal(shop.id, early, "go", {"when": "early"})
    with runner():
        assert finished(early)[:2] == ("SUCCEEDED", {"a": {"when": "early"}})
        until(lambda: state_of(late) == "WAITING")
        with tenancy.transaction():
            assert poking.signal(shop.id, late, "go", {"when": "late"})
        assert finished(late)[:2] == ("SUCCEEDED", {"a": {"when": "late"}})
    with tenancy.transaction():
        assert not poking.signal(shop.id, late, "go", {})


def test_a_signal_reaches_a_step_beside_one_that_runs(shop) -> None:
    steps = [step("a", type="signal", config={"name": "go"}), step("b", config={"seconds": 5}), step("c", "a")]
    (execution,) = begin(shop, {"steps": steps})
    with runner() as probe:
        until(lambda: ask("SELECT 1 FROM workflow_wait"))
        with tenancy.transaction():
            poking.signal(shop.id, execution, "go", 1)
        until(lambda: ("c", 1) in probe.made, within=4)
        with tenancy.transaction():
            poking.cancel([execution], reason="enough")


def test_an_event_that_matches_is_waited_for(shop) -> None:
    config = {"type": "order.paid", "match": "event.data.id == input.id"}
    (execution,) = begin(shop, {"steps": [step("a", type="wait_event", config=config)]}, input={"id": 7})
    with runner():
        until(lambda: state_of(execution) == "WAITING")
        publish(shop, "order.paid", data={"id": 6})
        publish(shop, "order.paid", data={"id": 7})
        state, output, _ = finished(execution)
    assert (state, output["a"]["data"], output["a"]["type"]) == ("SUCCEEDED", {"id": 7}, "order.paid")


def test_an_approval_is_put_before_people_and_closed_when_nobody_waits(shop) -> None:
    config = {"title": "Pay?", "approvers": ["usr_1"]}
    definition = {"steps": [step("a", type="approval", config=config)]}
    decided, left = begin(shop, definition, 2)
    with runner():
        until(lambda: state_of(decided) == state_of(left) == "WAITING")
        with tenancy.transaction():
            answer = {"state": "APPROVED", "data": {"n": 1}, "comment": "", "decider": "usr_1"}
            assert poking.resolve(shop.id, decided, "a", answer)
            assert not poking.resolve(shop.id, decided, "a", answer)
            Approval.update(state="APPROVED").where(Approval.execution_id == decided).execute()
            assert poking.cancel([left], reason="enough") == [left]
        assert finished(decided)[:2] == ("SUCCEEDED", {"a": {"data": {"n": 1}, "comment": "", "decider": "usr_1"}})
        assert finished(left)[0] == "CANCELLED"
    rows = ask("SELECT execution_id, title, approvers, state FROM workflow_approval ORDER BY id")
    assert rows == [(decided, "Pay?", ["usr_1"], "APPROVED"), (left, "Pay?", ["usr_1"], "CANCELLED")]


def test_a_child_is_waited_for_and_cancelled_with_its_parent(shop) -> None:
    with tenancy.transaction():
        make_workflow(shop, {"steps": [step("x", type="transform", config={"output": 5})]}, name="child")
        make_workflow(shop, {"steps": [step("x", type="signal", config={"name": "never"})]}, name="lasting")
    (parent,) = begin(shop, {"steps": [step("a", type="sub_workflow", config={"workflow": "child"})]})
    (cut,) = begin(shop, {"steps": [step("a", type="sub_workflow", config={"workflow": "lasting"})]})
    (lost,) = begin(shop, {"steps": [step("a", type="sub_workflow", config={"workflow": "nothing"})]})
    with runner():
        state, output, _ = finished(parent)
        assert (state, output["a"]["output"]) == ("SUCCEEDED", {"x": 5})
        assert finished(lost)[2]["code"] == "CHILD_FAILED"
        until(lambda: state_of(cut) == "WAITING")
        (child,) = ask("SELECT id FROM workflow_open_execution WHERE parent_id = %s", cut)[0]
        with tenancy.transaction():
            poking.cancel([cut], reason="enough")
        assert finished(cut)[0] == finished(child)[0] == "CANCELLED"


def test_a_step_fails_that_starts_what_is_not_there_and_would_not_wait_for_it(shop) -> None:
    config = {"workflow": "nothing", "wait": False}
    (execution,) = begin(shop, {"steps": [step("a", type="sub_workflow", config=config), step("b", "a")]})
    with runner() as probe:
        state, _, error = finished(execution)
    assert (state, error["code"], probe.made) == ("FAILED", "WORKFLOW_UNKNOWN", [])
    assert steps_of(execution) == [("a", 1, "FAILED")]


def test_cancelling_lets_a_running_step_end(shop) -> None:
    (execution,) = begin(shop, {"steps": [step("a", config={"seconds": 0.5, "value": 1}), step("b", "a")]})
    with runner() as probe:
        until(lambda: probe.made)
        with tenancy.transaction():
            poking.cancel([execution], reason="enough")
        assert finished(execution)[0] == "CANCELLED"
    assert ("a", 1, "SUCCEEDED") in steps_of(execution)
    assert probe.made == [("a", 1)]


def test_a_pause_lasts_until_it_is_ended(shop) -> None:
    (execution,) = begin(shop, {"steps": [step("a", config={"seconds": 0.3}), step("b", "a")]})
    with runner() as probe:
        until(lambda: probe.made)
        with tenancy.transaction():
            assert poking.pause([execution]) == [execution]
        until(lambda: state_of(execution) == "PAUSED")
        assert probe.made == [("a", 1)]
        with tenancy.transaction():
            assert poking.resume([execution]) == [execution]
        assert finished(execution)[0] == "SUCCEEDED"


def test_executions_of_a_key_take_turns(shop) -> None:
    definition = {**chain(1, seconds=0.05), "concurrency": {"key": "${input.k}", "limit": 1, "on_conflict": "QUEUE"}}
    executions = begin(shop, definition, 4, input={"k": "a"})
    with runner():
        for execution in executions:
            assert finished(execution)[0] == "SUCCEEDED"
    ((overlaps,),) = ask(
        "SELECT count(*) FROM workflow_step one JOIN workflow_step other ON one.execution_id < other.execution_id"
        " AND one.start_time < other.end_time AND other.start_time < one.end_time"
    )
    assert overlaps == 0


def test_events_are_published_once_or_fail_the_step(shop) -> None:
    with tenancy.transaction():
        tenancy.enter(shop.id)
        kind = EventType.create(workspace=shop.id, name="order.done")
        EventTypeVersion.create(event_type=kind.id, workspace=shop.id, version=1, schema={}, examples=[])
    good = {"type": "order.done", "data": {"n": 1}}
    (execution,) = begin(shop, {"steps": [step("a", type="emit_event", config=good), step("b", "a")]})
    (refused,) = begin(
        shop, {"steps": [step("a", type="emit_event", config=good | {"type": "no.such"}), step("b", "a")]}
    )
    (gone_on,) = begin(
        shop,
        {
            "steps": [
                step("a", type="emit_event", config=good | {"type": "no.such"}, on_error={"action": "CONTINUE"}),
                step("b", "a"),
            ]
        },
    )
    with runner():
        assert finished(execution)[2] is None
        state, _, error = finished(refused)
        assert finished(gone_on)[0] == "SUCCEEDED"
    assert (state, error["code"], error["path"]) == ("FAILED", "EVENT_INVALID", "a")
    assert ("b", 1, "SUCCEEDED") not in steps_of(refused)
    assert ask("SELECT data FROM event WHERE type = 'order.done'") == [({"n": 1},)]


def test_what_a_step_gave_is_remembered(shop) -> None:
    definition = {"steps": [step("a", config={"value": 4}, cache_ttl="1m")]}
    with tenancy.transaction():
        workflow = make_workflow(shop, definition)
        (first,) = start(workflow, definition)
    with runner() as probe:
        assert finished(first)[1] == {"a": 4}
        with tenancy.transaction():
            (second,) = start(workflow, definition)
        assert finished(second)[1] == {"a": 4}
    assert probe.made == [("a", 1)]


def test_a_crash_of_a_type_is_a_failed_attempt_and_what_is_no_text_too(shop) -> None:
    (crashed,) = begin(shop, {"steps": [step("a", config={"crash": True})]})
    (odd,) = begin(shop, {"steps": [step("a", config={"odd": True})]})
    with runner():
        assert finished(crashed)[2]["code"] == "INTERNAL"
        assert finished(odd)[2]["code"] == "OUTPUT_INVALID"


def test_many_items_go_through_in_order(shop) -> None:
    body = {"id": "one", "type": "probe", "with": {"value": "${item * 2}"}}
    loop = step("each", type="foreach", config={"items": "input.items", "concurrency": 20}, steps=[body])
    (execution,) = begin(shop, {"steps": [loop]}, input={"items": list(range(300))})
    with runner():
        state, output, _ = finished(execution, within=30)
    assert state == "SUCCEEDED"
    assert [item["one"] if isinstance(item, dict) else item for item in output["each"]] == [n * 2 for n in range(300)]


def test_a_version_that_is_not_understood_any_more_ends_with_all_it_waits_for(shop, monkeypatch) -> None:
    with tenancy.transaction():
        make_workflow(shop, {"steps": [step("x", type="signal", config={"name": "never"})]}, name="lasting")
    waits = [
        step("ask", type="approval", config={"title": "Pay?"}),
        step("child", type="sub_workflow", config={"workflow": "lasting"}),
        step("go", type="signal", config={"name": "go"}),
    ]
    (execution,) = begin(shop, {"steps": waits})
    with runner():
        until(lambda: state_of(execution) == "WAITING")
        (child,) = ask("SELECT id FROM workflow_open_execution WHERE parent_id = %s", execution)[0]
    with tenancy.transaction():
        poking.signal(shop.id, execution, "go", 1)

    def fail(*_arguments: object, **_options: object) -> None:
        raise KeyError("steps")

    monkeypatch.setattr("server.workflows.service.loading.parsing.load", fail)
    with runner():
        state, _, error = finished(execution)
        assert (state, error["code"]) == ("FAILED", "DEFINITION_INVALID")
        until(lambda: not ask("SELECT 1 FROM workflow_open_execution WHERE id = %s", child))
    assert ask("SELECT state FROM workflow_approval") == [("CANCELLED",)]
