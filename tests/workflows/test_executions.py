"""Starting executions, and showing them with their steps, logs and timelines."""

from datetime import timedelta

import pytest

from server.core import clock, ids, tenancy
from server.workflows.models import LogEntry, OpenExecution, StartKey
from server.workflows.service import executing
from tests.support.client import RpcError
from tests.workflows.execution_factories import ask, exe, make_approval, make_finished, make_open, make_step, wf
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import by, make_workspace
from userdata.workflows.v1 import execution_pb2 as pb
from userdata.workflows.v1.execution_service_pb2 import ExecutionStart

STATE = "EXECUTION_STATE_"
ORDER = {
    "input_schema": {
        "type": "object",
        "required": ["order_id", "total"],
        "properties": {"order_id": {"type": "string"}, "total": {"type": "number"}},
    },
    "steps": [{"id": "done", "type": "transform", "with": {"output": 1}}],
}


@pytest.fixture
def workflow(acme):
    return make_workflow(acme, name="orders")


@pytest.fixture
def call(ada, acme):
    """Calls a method of ExecutionService as Ada, in Acme."""

    def ask_acme(method, **fields):
        return ask(by(ada), method, acme.id, **fields)

    return ask_acme


def states(answer):
    return [pb.ExecutionState.Name(each.state).removeprefix(STATE) for each in answer.executions]


def test_a_start_is_ready_and_can_be_read(call, workflow, ada):
    started = call(
        "ExecuteWorkflow", workflow_id=wf(workflow), input={"order_id": "4711"}, labels={"customer": "7"}, priority=1
    )
    found = call("GetExecution", execution_id=started.id)
    assert found == started
    assert found.state == pb.EXECUTION_STATE_READY
    assert found.trigger == pb.EXECUTION_TRIGGER_MANUAL
    assert (found.workflow_id, found.version, found.priority) == (wf(workflow), 1, 1)
    assert (dict(found.input), dict(found.labels)) == ({"order_id": "4711"}, {"customer": "7"})
    assert found.actor == ids.encode("usr", ada.user.id)
    assert not found.HasField("end_time")
    assert ids.time_of(ids.decode("exe", found.id)) == found.create_time.ToDatetime(tzinfo=clock.now().tzinfo)


def test_a_start_by_name_finds_the_living_workflow(call, workflow, acme):
    make_workflow(acme, name="gone", delete_time=clock.now())
    assert call("ExecuteWorkflow", name="orders").workflow_id == wf(workflow)
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", name="gone")
    assert refusal.value.code == "NOT_FOUND"


@pytest.mark.parametrize("both", [False, True])
def test_a_start_names_its_workflow_in_one_way(call, workflow, both):
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", **({"workflow_id": wf(workflow), "name": "orders"} if both else {}))
    assert list(refusal.value.violations) == ["workflow_id"]


def test_every_violation_of_the_input_is_told_at_once_and_nothing_is_started(call, acme):
    workflow = make_workflow(acme, ORDER)
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", workflow_id=wf(workflow), input={"order_id": 4711})
    assert refusal.value.reason == "EXECUTION_INPUT_INVALID"
    assert set(refusal.value.violations) == {"input", "input/order_id"}
    assert not call("ListExecutions").executions


def test_an_input_of_more_than_a_mebibyte_is_refused_with_its_size(call, workflow):
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", workflow_id=wf(workflow), input={"text": "x" * (1 << 20)})
    assert refusal.value.reason == "VALIDATION_FAILED"
    assert "at most 1048576 bytes" in refusal.value.violations["input"]


def test_an_input_of_nearly_a_mebibyte_is_taken(call, workflow):
    text = "x" * ((1 << 20) - 100)
    started = call("ExecuteWorkflow", workflow_id=wf(workflow), input={"text": text})
    assert started.input["text"] == text


@pytest.mark.parametrize("state", ["DRAFT", "PAUSED", "ARCHIVED"])
def test_only_an_active_workflow_is_started(call, acme, state):
    workflow = make_workflow(acme, state=state)
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", workflow_id=wf(workflow))
    assert (refusal.value.reason, refusal.value.metadata["state"]) == ("WORKFLOW_NOT_ACTIVE", state)


def test_the_same_idempotency_key_gives_back_the_first_execution(call, workflow):
    first = call("ExecuteWorkflow", workflow_id=wf(workflow), input={"n": 1}, idempotency_key="order-1")
    second = call("ExecuteWorkflow", workflow_id=wf(workflow), input={"n": 2}, idempotency_key="order-1")
    other = call("ExecuteWorkflow", workflow_id=wf(workflow), idempotency_key="order-2")
    assert first == second
    assert other.id != first.id
    assert StartKey.select().count() == 2


def test_the_same_idempotency_key_gives_back_an_execution_that_is_finished(call, workflow):
    done = make_finished(workflow, output={"total": 42})
    StartKey.create(workflow_id=workflow.id, key="order-1", workspace_id=workflow.workspace_id, execution_id=done.id)
    again = call("ExecuteWorkflow", workflow_id=wf(workflow), idempotency_key="order-1")
    assert (again.id, again.state) == (exe(done), pb.EXECUTION_STATE_SUCCEEDED)
    assert again.output.struct_value["total"] == 42


def test_a_rejected_concurrency_key_is_a_conflict_and_leaves_nothing(call, acme):
    definition = {
        "concurrency": {"key": "${input.customer}", "limit": 1, "on_conflict": "REJECT"},
        "steps": [{"id": "done", "type": "transform", "with": {"output": 1}}],
    }
    workflow = make_workflow(acme, definition)
    first = call("ExecuteWorkflow", workflow_id=wf(workflow), input={"customer": "7"})
    assert first.concurrency_key == "7"
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", workflow_id=wf(workflow), input={"customer": "7"})
    assert (refusal.value.reason, refusal.value.metadata) == ("EXECUTION_CONFLICT", {"concurrency_key": "7"})
    assert [each.id for each in call("ListExecutions").executions] == [first.id]


def test_waiting_answers_with_the_end_when_there_is_one(call, workflow):
    done = make_finished(workflow, output=[1, "two", None])
    StartKey.create(workflow_id=workflow.id, key="order-1", workspace_id=workflow.workspace_id, execution_id=done.id)
    answer = call("ExecuteWorkflow", workflow_id=wf(workflow), idempotency_key="order-1", wait=timedelta(seconds=20))
    assert answer.state == pb.EXECUTION_STATE_SUCCEEDED
    assert list(answer.output.list_value) == [1, "two", None]


def test_waiting_answers_as_it_is_when_the_time_is_over(call, workflow):
    answer = call("ExecuteWorkflow", workflow_id=wf(workflow), wait=timedelta(milliseconds=20))
    assert answer.state == pb.EXECUTION_STATE_READY


def test_when_half_of_the_threads_wait_a_call_is_answered_at_once(call, workflow, monkeypatch):
    monkeypatch.setenv("SERVER_THREADS", "8")
    waiters = executing.Waiters()
    assert [waiters.enter() for _ in range(5)] == [True] * 4 + [False]
    monkeypatch.setattr(executing, "WAITERS", waiters)
    answer = call("ExecuteWorkflow", workflow_id=wf(workflow), wait=timedelta(seconds=20))
    assert answer.state == pb.EXECUTION_STATE_READY
    waiters.leave()
    assert waiters.enter()


def test_waiting_longer_than_twenty_seconds_is_refused(call, workflow):
    with pytest.raises(RpcError) as refusal:
        call("ExecuteWorkflow", workflow_id=wf(workflow), wait=timedelta(seconds=21))
    assert list(refusal.value.violations) == ["wait"]


def test_a_batch_starts_all_in_its_order(call, workflow):
    starts = [ExecutionStart(input={"n": n}, labels={"n": str(n)}) for n in range(1000)]
    answer = call("BatchExecuteWorkflow", workflow_id=wf(workflow), starts=starts)
    assert [each.labels["n"] for each in answer.executions] == [str(n) for n in range(1000)]
    assert OpenExecution.select().count() == 1000


def test_a_batch_with_one_wrong_input_starts_nothing_and_says_which(call, acme):
    workflow = make_workflow(acme, ORDER)
    starts = [
        ExecutionStart(input={"order_id": "1", "total": 1}),
        ExecutionStart(input={"order_id": 2, "total": 2}),
        ExecutionStart(input={"order_id": "3"}),
    ]
    with pytest.raises(RpcError) as refusal:
        call("BatchExecuteWorkflow", workflow_id=wf(workflow), starts=starts)
    assert set(refusal.value.violations) == {"starts[1].input/order_id", "starts[2].input"}
    assert not call("ListExecutions").executions


def test_a_batch_of_more_than_a_thousand_is_refused(call, workflow):
    with pytest.raises(RpcError) as refusal:
        call("BatchExecuteWorkflow", workflow_id=wf(workflow), starts=[ExecutionStart()] * 1001)
    assert list(refusal.value.violations) == ["starts"]


def test_a_list_joins_open_and_finished_ones_the_newest_first_page_by_page(call, workflow):
    with clock.frozen(clock.now() - timedelta(days=3)):
        oldest = make_open(workflow, "WAITING")
    with clock.frozen(clock.now() - timedelta(days=2)):
        older = make_finished(workflow)
    newer, newest = make_open(workflow, "PAUSED"), make_finished(workflow, "FAILED")
    expected = [exe(each) for each in (newest, newer, older, oldest)]
    found, token = [], ""
    while True:
        page = call("ListExecutions", page_size=1, page_token=token)
        found += [each.id for each in page.executions]
        if not (token := page.next_page_token):
            break
    assert found == expected


def test_a_list_leaves_out_what_may_be_large(call, workflow):
    make_finished(workflow, input={"n": 1}, output={"n": 2}, cause={"n": 3})
    listed = call("ListExecutions").executions[0]
    assert not any(listed.HasField(name) for name in ("input", "output", "cause"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["FAILED", "SUCCEEDED", "WAITING", "READY"]),
        ("state = EXECUTION_STATE_FAILED", ["FAILED"]),
        ("state != EXECUTION_STATE_FAILED", ["SUCCEEDED", "WAITING", "READY"]),
        ("state = EXECUTION_STATE_WAITING", ["WAITING"]),
        ("labels.customer = 7", ["SUCCEEDED", "READY"]),
        ("labels.customer = 7 AND labels.region = eu", ["READY"]),
        ("labels.customer = 7 AND labels.customer = 8", []),
        ("labels.customer = 7 AND state = EXECUTION_STATE_SUCCEEDED", ["SUCCEEDED"]),
    ],
)
def test_a_list_is_filtered_by_state_and_labels(call, workflow, text, expected):
    make_open(workflow, "READY", labels={"customer": "7", "region": "eu"})
    make_open(workflow, "WAITING", labels={"customer": "8"})
    make_finished(workflow, "SUCCEEDED", labels={"customer": "7"})
    make_finished(workflow, "FAILED")
    assert states(call("ListExecutions", filter=text)) == expected


def test_a_list_is_filtered_by_workflow_and_time(call, workflow, acme):
    with clock.frozen(clock.now() - timedelta(days=2)):
        old = make_finished(workflow)
    new = make_open(workflow)
    other = make_open(make_workflow(acme))
    yesterday = (clock.now() - timedelta(days=1)).isoformat()

    def found(text):
        return [each.id for each in call("ListExecutions", filter=text).executions]

    assert found(f"workflow_id = {wf(workflow)}") == [exe(new), exe(old)]
    assert found(f"create_time < {yesterday}") == [exe(old)]
    assert found(f"create_time >= {yesterday}") == [exe(other), exe(new)]


@pytest.mark.parametrize(
    "text",
    ["state = DONE", "colour = red", "labels. = x", "workflow_id = ws_01", "workflow_id != wf_1", "create_time = now"],
)
def test_a_filter_that_says_nothing_is_refused(call, text):
    with pytest.raises(RpcError) as refusal:
        call("ListExecutions", filter=text)
    assert refusal.value.reason == "FILTER_INVALID"


def test_steps_are_listed_with_their_outputs_and_errors(call, workflow):
    execution = make_open(workflow, "WAITING")
    make_step(execution, "check", output={"ok": True})
    make_step(
        execution, "charge", "FAILED", error={"code": "HTTP_STATUS", "message": "503.", "details": {"status": 503}}
    )
    make_step(execution, "charge", attempt=2, output="paid")
    first = call("ListExecutionSteps", execution_id=exe(execution), page_size=2)
    rest = call("ListExecutionSteps", execution_id=exe(execution), page_size=2, page_token=first.next_page_token)
    assert [(each.path, each.attempt) for each in (*first.steps, *rest.steps)] == [
        ("charge", 1),
        ("charge", 2),
        ("check", 1),
    ]
    assert (first.steps[0].error.code, first.steps[0].error.details["status"]) == ("HTTP_STATUS", 503)
    assert first.steps[1].output.string_value == "paid"
    assert rest.steps[0].output.struct_value["ok"] is True
    assert not rest.next_page_token


def test_a_page_of_large_outputs_stays_below_what_clients_take(call, workflow):
    execution = make_open(workflow, "RUNNING")
    for number in range(5):
        make_step(execution, f"step_{number}", output="x" * (1 << 20))
    found, token = [], ""
    while True:
        page = call("ListExecutionSteps", execution_id=exe(execution), page_token=token)
        assert page.ByteSize() < 3 << 20
        found += [each.path for each in page.steps]
        if not (token := page.next_page_token):
            break
    assert found == [f"step_{number}" for number in range(5)]


def add_line(execution, level, message, **values):
    now = clock.now()
    LogEntry.create(
        id=ids.new_at(now),
        execution_id=execution.id,
        execution_time=execution.create_time,
        workspace_id=execution.workspace_id,
        **({"path": "", "attempt": 0, "fields": {}} | values),
        level=level,
        message=message,
    )


def test_logs_are_listed_in_order_and_by_path_and_level(call, workflow):
    execution = make_open(workflow, "RUNNING")
    add_line(execution, "INFO", "one", path="charge", attempt=1, fields={"n": 1})
    add_line(execution, "ERROR", "two")
    add_line(execution, "ERROR", "three", path="charge", attempt=2)

    def lines(text="", **page):
        answer = call("ListExecutionLogs", execution_id=exe(execution), filter=text, **page)
        return [each.message for each in answer.entries]

    assert lines() == ["one", "two", "three"]
    assert lines("path = charge") == ["one", "three"]
    assert lines("level = LOG_LEVEL_ERROR AND path = charge") == ["three"]
    assert lines(page_size=2) == ["one", "two"]


def test_the_timeline_tells_everything_in_order(call, workflow):
    moment = clock.now() - timedelta(minutes=10)
    at = [moment + timedelta(seconds=second) for second in range(12)]
    with clock.frozen(at[0]):
        execution = make_finished(workflow, "FAILED", start_time=at[1], end_time=at[11])
    make_step(execution, "charge", "FAILED", start_time=at[2], end_time=at[3], due_time=at[4])
    make_step(execution, "charge", attempt=2, start_time=at[4], end_time=at[5])
    make_step(execution, "tell", "SKIPPED", start_time=at[6], end_time=at[6])
    make_step(execution, "ask", type="approval", start_time=at[7], end_time=at[9])
    with clock.frozen(at[8]):
        add_line(execution, "INFO", "Somebody paused it.", fields={"timeline": "PAUSE", "actor": "usr_1"})
        add_line(execution, "INFO", "Nothing special.")
    tenancy.enter(workflow.workspace_id)
    answer = call("GetExecutionTimeline", execution_id=exe(execution))
    told = [
        (pb.TimelineEntryKind.Name(each.kind).removeprefix("TIMELINE_ENTRY_KIND_"), each.path)
        for each in answer.entries
    ]
    assert told == [
        ("CREATED", ""),
        ("STARTED", ""),
        ("ATTEMPT", "charge"),
        ("RETRY", "charge"),
        ("ATTEMPT", "charge"),
        ("SKIPPED", "tell"),
        ("WAIT", "ask"),
        ("PAUSE", ""),
        ("ENDED", ""),
    ]
    assert answer.entries[7].summary == "Somebody paused it, by usr_1."
    assert answer.entries[8].error.code == "FAILED"
    assert not answer.truncated


def test_the_timeline_tells_of_approvals(call, workflow):
    execution = make_open(workflow, "WAITING")
    make_approval(execution, state="APPROVED", decide_time=clock.now(), decider="usr_1")
    kinds = [each.kind for each in call("GetExecutionTimeline", execution_id=exe(execution)).entries]
    assert pb.TIMELINE_ENTRY_KIND_APPROVAL_REQUESTED in kinds
    assert pb.TIMELINE_ENTRY_KIND_APPROVAL_DECIDED in kinds


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GetExecution", {}),
        ("ListExecutionSteps", {}),
        ("GetExecutionTimeline", {}),
        ("ListExecutionLogs", {}),
        ("CancelExecution", {}),
        ("PauseExecution", {}),
        ("ResumeExecution", {}),
        ("RetryExecution", {}),
        ("ForkExecution", {}),
        ("SignalExecution", {"name": "go"}),
    ],
)
@pytest.mark.parametrize("make", [make_open, make_finished])
def test_an_execution_of_another_workspace_is_not_there(call, ada, acme, make, method, fields):
    other = make_workspace(ada)
    execution = make(make_workflow(other))
    tenancy.enter(acme.id)
    with pytest.raises(RpcError) as refusal:
        call(method, execution_id=exe(execution), **fields)
    assert refusal.value.code == "NOT_FOUND"


def test_a_workflow_of_another_workspace_is_not_started(call, ada, acme):
    other = make_workflow(make_workspace(ada), name="theirs")
    tenancy.enter(acme.id)
    for fields in ({"workflow_id": wf(other)}, {"name": "theirs"}):
        with pytest.raises(RpcError) as refusal:
            call("ExecuteWorkflow", **fields)
        assert refusal.value.code == "NOT_FOUND"


def test_executions_of_another_workspace_are_not_listed(call, ada, acme):
    other = make_workspace(ada)
    make_open(make_workflow(other))
    make_finished(make_workflow(other))
    assert not call("ListExecutions").executions


def test_what_is_started_with_labels_is_found_by_them(call, workflow):
    started = [call("ExecuteWorkflow", workflow_id=wf(workflow), labels={"n": n}) for n in ("1", "2", "1")]
    found = call("ListExecutions", filter="labels.n = 1").executions
    assert [each.id for each in found] == [started[2].id, started[0].id]


def test_a_common_label_is_listed_beyond_what_is_looked_at_together(call, workflow, monkeypatch):
    monkeypatch.setattr("server.workflows.queries.executions._LABELLED", 2)
    made = [make_finished(workflow, "FAILED" if n % 3 == 0 else "SUCCEEDED", labels={"a": "b"}) for n in range(9)]
    found = call("ListExecutions", filter="labels.a = b AND state = EXECUTION_STATE_FAILED").executions
    assert [each.id for each in found] == [exe(made[n]) for n in (6, 3, 0)]


def test_a_thousand_wrong_inputs_are_told_in_an_answer_that_clients_take(call, acme):
    workflow = make_workflow(acme, ORDER)
    with pytest.raises(RpcError) as refusal:
        call("BatchExecuteWorkflow", workflow_id=wf(workflow), starts=[ExecutionStart(input={"order_id": 1})] * 1000)
    violations = refusal.value.violations
    assert sum(len(field) + len(text) for field, text in violations.items()) < 5000
    assert list(violations.values())[-1].endswith("more are wrong")
