"""Steering executions: cancelling, pausing, resuming, signalling, retrying and forking them."""

from datetime import timedelta

import pytest

from server.core import clock, ids, tenancy
from server.workflows.models import Execution, OpenExecution, Signal, Slot, Step, Version, Wait
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.support.parallel import endings
from tests.workflows.execution_factories import ask, exe, make_finished, make_open, make_step, make_wait
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import by, make_workspace
from userdata.workflows.v1 import execution_pb2 as pb

FINISHED = ["SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT"]
OPEN = ["QUEUED", "READY", "RUNNING", "WAITING", "PAUSED"]
#: check → charge → tell, and log beside them.
CHAIN = {
    "steps": [
        {"id": "check", "type": "transform", "with": {"output": 1}},
        {"id": "charge", "type": "transform", "needs": ["check"], "with": {"output": 2}},
        {"id": "tell", "type": "transform", "needs": ["charge"], "with": {"output": 3}},
        {"id": "log", "type": "transform", "with": {"output": 4}},
    ]
}


@pytest.fixture
def workflow(acme):
    return make_workflow(acme, CHAIN)


@pytest.fixture
def call(ada, acme):
    """Calls a method of ExecutionService as Ada, in Acme."""

    def ask_acme(method, execution, **fields):
        return ask(by(ada), method, acme.id, execution_id=exe(execution), **fields)

    return ask_acme


def row_of(execution):
    return OpenExecution.get(OpenExecution.id == execution.id)


def kinds(call, execution):
    answer = call("GetExecutionTimeline", execution)
    return [pb.TimelineEntryKind.Name(each.kind).removeprefix("TIMELINE_ENTRY_KIND_") for each in answer.entries]


@pytest.mark.parametrize("state", OPEN)
def test_cancelling_notes_the_wish_and_its_reason_once(call, workflow, state):
    execution = make_open(workflow, state)
    first = call("CancelExecution", execution, reason="Withdrawn.")
    again = call("CancelExecution", execution, reason="Again.")
    assert (first.cancel_reason, again.cancel_reason) == ("Withdrawn.", "Withdrawn.")
    assert first.cancel_time == again.cancel_time
    assert row_of(execution).state == ("RUNNING" if state == "RUNNING" else "READY")
    assert kinds(call, execution).count("CANCEL") == 1


@pytest.mark.parametrize("state", FINISHED)
@pytest.mark.parametrize("method", ["CancelExecution", "PauseExecution", "ResumeExecution"])
def test_what_is_finished_is_not_steered(call, workflow, method, state):
    with pytest.raises(RpcError) as refusal:
        call(method, make_finished(workflow, state))
    assert (refusal.value.reason, refusal.value.metadata) == ("EXECUTION_FINISHED", {"state": state})


def test_pausing_and_resuming_are_noted_and_change_nothing_twice(call, workflow):
    execution = make_open(workflow, "WAITING", due_time=clock.now() + timedelta(hours=1))
    assert call("PauseExecution", execution).state == pb.EXECUTION_STATE_PAUSED
    assert call("PauseExecution", execution).pause_requested
    assert call("ResumeExecution", execution).state == pb.EXECUTION_STATE_READY
    assert not call("ResumeExecution", execution).pause_requested
    assert [kind for kind in kinds(call, execution) if kind in ("PAUSE", "RESUME")] == ["PAUSE", "RESUME"]


def test_a_running_execution_is_asked_to_pause(call, workflow):
    execution = make_open(workflow, "RUNNING")
    paused = call("PauseExecution", execution)
    assert (paused.state, paused.pause_requested) == (pb.EXECUTION_STATE_RUNNING, True)
    assert row_of(execution).poked


def test_a_signal_goes_to_the_step_that_waits_for_it(call, workflow):
    execution = make_open(workflow, "WAITING", due_time="infinity")
    make_wait(execution, "parcel", "SIGNAL", "arrived")
    assert call("SignalExecution", execution, name="arrived", payload={"by": "post"}).state == pb.EXECUTION_STATE_READY
    assert Wait.get(Wait.execution_id == execution.id).resolution is not None
    assert not Signal.select().exists()
    assert "SIGNAL" in kinds(call, execution)


def test_a_signal_that_nobody_waits_for_is_kept_up_to_a_limit(call, workflow):
    execution = make_open(workflow, "RUNNING")
    for number in range(100):
        call("SignalExecution", execution, name="arrived", payload={"n": number})
    with pytest.raises(RpcError) as refusal:
        call("SignalExecution", execution, name="arrived")
    assert (refusal.value.reason, refusal.value.metadata["limit"]) == ("LIMIT_REACHED", "100")
    assert Signal.select().count() == 100


@pytest.mark.parametrize("state", FINISHED)
def test_a_finished_execution_takes_no_signals(call, workflow, state):
    with pytest.raises(RpcError) as refusal:
        call("SignalExecution", make_finished(workflow, state), name="arrived")
    assert refusal.value.reason == "EXECUTION_FINISHED"


@pytest.mark.parametrize("state", FINISHED[1:])
def test_a_retry_opens_what_did_not_succeed_and_keeps_its_history(call, workflow, state):
    execution = make_finished(workflow, state, input={"n": 1}, labels={"a": "b"})
    make_step(execution, "check")
    opened = call("RetryExecution", execution)
    assert (opened.state, opened.generation, opened.id) == (pb.EXECUTION_STATE_READY, 2, exe(execution))
    assert (dict(opened.input), dict(opened.labels)) == ({"n": 1}, {"a": "b"})
    assert not opened.HasField("end_time")
    assert not opened.HasField("error")
    assert not Execution.select().exists()
    told = kinds(call, execution)
    assert told.index("ENDED") < told.index("RETRIED")


def test_a_retried_child_tells_its_parent_of_no_second_end(call, workflow):
    parent = make_open(workflow, "WAITING")
    child = make_finished(workflow, "FAILED", parent_id=parent.id, parent_path="child")
    assert call("RetryExecution", child).parent_execution_id == exe(parent)
    assert row_of(child).parent_path is None


@pytest.mark.parametrize("state", OPEN)
def test_an_open_execution_is_not_retried(call, workflow, state):
    with pytest.raises(RpcError) as refusal:
        call("RetryExecution", make_open(workflow, state))
    assert (refusal.value.reason, refusal.value.metadata) == ("EXECUTION_OPEN", {"state": state})


def test_what_succeeded_is_not_retried(call, workflow):
    with pytest.raises(RpcError) as refusal:
        call("RetryExecution", make_finished(workflow))
    assert refusal.value.reason == "EXECUTION_SUCCEEDED"


@pytest.mark.parametrize(("others", "state"), [(0, "READY"), (1, "QUEUED")])
def test_a_retry_waits_for_the_place_of_its_concurrency_key(call, acme, others, state):
    workflow = make_workflow(acme, {**CHAIN, "concurrency": {"key": "${input.customer}", "limit": 1}})
    for _ in range(others):
        make_open(workflow, "RUNNING", concurrency_key="7")
    execution = make_finished(workflow, "FAILED", concurrency_key="7")
    call("RetryExecution", execution)
    assert row_of(execution).state == state
    assert Slot.get(Slot.workflow == workflow.id).capacity == 1


def copied(answer):
    rows = Step.select(Step.path).where(Step.execution_id == ids.decode("exe", answer.id)).order_by(Step.path)
    return [row.path for row in rows]


@pytest.fixture
def failed(workflow):
    """An execution that failed in its last step."""
    execution = make_finished(workflow, "FAILED", input={"n": 1}, labels={"a": "b"}, priority=2)
    for path in ("check", "charge", "log"):
        make_step(execution, path, output={"of": path}, generation=2)
    make_step(execution, "tell", "FAILED", error={"code": "FAILED", "message": "No.", "details": {}})
    return execution


@pytest.mark.parametrize(
    ("step_id", "paths"),
    [("", []), ("check", ["log"]), ("charge", ["check", "log"]), ("tell", ["charge", "check", "log"])],
)
def test_a_fork_takes_over_what_does_not_depend_on_the_step(call, failed, step_id, paths):
    fork = call("ForkExecution", failed, step_id=step_id)
    assert copied(fork) == paths
    assert (fork.trigger, fork.source_execution_id) == (pb.EXECUTION_TRIGGER_FORK, exe(failed))
    assert (dict(fork.input), dict(fork.labels), fork.priority) == ({"n": 1}, {"a": "b"}, 2)
    assert (fork.state, fork.generation) == (pb.EXECUTION_STATE_READY, 1)
    assert Execution.get(Execution.id == failed.id).state == "FAILED"
    generations = {row.generation for row in Step.select().where(Step.execution_id == ids.decode("exe", fork.id))}
    assert generations <= {1}


def test_a_fork_may_have_another_input_and_labels(call, failed):
    fork = call("ForkExecution", failed, step_id="tell", input={"n": 2}, labels={"c": "d"})
    assert (dict(fork.input), dict(fork.labels)) == ({"n": 2}, {"c": "d"})


def test_a_fork_of_an_unknown_step_is_refused(call, failed):
    with pytest.raises(RpcError) as refusal:
        call("ForkExecution", failed, step_id="nothing")
    assert (refusal.value.reason, refusal.value.metadata) == ("STEP_UNKNOWN", {"step_id": "nothing"})


def test_a_fork_of_another_version_takes_over_steps_of_the_same_type(call, workflow, failed, acme):
    changed = {"steps": [*CHAIN["steps"][:3], {"id": "log", "type": "fail", "with": {"code": "NO", "message": "No."}}]}
    Version.create(workflow=workflow.id, number=2, workspace=acme.id, definition=changed, creator="system")
    fork = call("ForkExecution", failed, step_id="tell", version=2)
    assert (fork.version, copied(fork)) == (2, ["charge", "check"])


def test_a_fork_of_a_version_that_is_not_there_is_refused(call, failed):
    with pytest.raises(RpcError) as refusal:
        call("ForkExecution", failed, version=9)
    assert refusal.value.code == "NOT_FOUND"


def test_an_open_execution_can_be_forked(call, workflow):
    execution = make_open(workflow, "RUNNING")
    make_step(execution, "check")
    assert copied(call("ForkExecution", execution, step_id="charge")) == ["check"]


class World:
    """A committed workspace with a workflow, and the calls of its owner."""

    def __init__(self):
        with tenancy.transaction():
            self.owner = make_person()
            self.workspace = make_workspace(self.owner)
            self.workflow = make_workflow(self.workspace, CHAIN)

    def execution(self, make, state):
        with tenancy.transaction(workspace=self.workspace.id):
            return make(self.workflow, state)

    def call(self, method, execution):
        return ask(by(self.owner), method, self.workspace.id, execution_id=exe(execution))

    def start(self):
        return ask(by(self.owner), "ExecuteWorkflow", self.workspace.id, name=self.workflow.name, idempotency_key="k")


def test_two_people_cancel_at_once_and_one_wish_is_noted(committed):
    world = World()
    execution = world.execution(make_open, "WAITING")
    assert endings([lambda: world.call("CancelExecution", execution)] * 4) == ["OK"] * 4
    told = world.call("GetExecutionTimeline", execution).entries
    assert [each.kind for each in told].count(pb.TIMELINE_ENTRY_KIND_CANCEL) == 1


def test_two_people_retry_at_once_and_one_does(committed):
    world = World()
    execution = world.execution(make_finished, "FAILED")
    assert sorted(endings([lambda: world.call("RetryExecution", execution)] * 4)) == ["EXECUTION_OPEN"] * 3 + ["OK"]
    assert world.call("GetExecution", execution).generation == 2


def test_two_starts_with_one_key_at_once_are_one_execution(committed):
    world = World()
    assert endings([world.start] * 4) == ["OK"] * 4
    assert len(ask(by(world.owner), "ListExecutions", world.workspace.id).executions) == 1
