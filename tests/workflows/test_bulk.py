"""Cancelling and retrying many executions at once: what is counted, and what the jobs do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from server.core import clock, ids, tenancy
from server.core.db import db
from server.core.models import Job
from server.workflows.models import Execution, OpenExecution
from server.workflows.service import bulk
from tests.support.client import RpcError
from tests.workflows.execution_factories import ask, make_finished, make_open, wf
from tests.workflows.factories import NOTHING, make_workflow
from tests.workspaces.factories import by, make_workspace, usr
from userdata.jobs.v1.workflows_pb2 import CancelExecutions, RetryExecutions
from userdata.workflows.v1 import execution_pb2 as pb
from workers.handlers import workflows as handlers

HANDLERS: dict[type[Message], Callable[[Any], None]] = {
    CancelExecutions: handlers.cancel_executions,
    RetryExecutions: handlers.retry_executions,
}


@pytest.fixture
def workflow(acme):
    return make_workflow(acme)


@pytest.fixture
def call(ada, acme):
    """Calls a method of ExecutionService as Ada, in Acme."""

    def ask_acme(method, **fields):
        return ask(by(ada), method, acme.id, **fields)

    return ask_acme


def work(message):
    """Do the jobs that wait, as a worker does, until none is left; gives how many there were."""
    count = 0
    name = message.DESCRIPTOR.full_name
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    while (job := Job.select().where(Job.type == name).first()) is not None:
        HANDLERS[message](message.FromString(bytes(job.payload)))
        job.delete_instance()
        count += 1
    db.execute_sql("SET LOCAL ROLE userdata_app")
    return count


def no_jobs():
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    none = not Job.select().exists()
    db.execute_sql("SET LOCAL ROLE userdata_app")
    return none


def test_a_dry_run_counts_and_does_nothing(call, workflow, acme):
    for _ in range(3):
        make_open(workflow)
    make_finished(workflow, "FAILED")
    make_open(make_workflow(acme))
    named = f"workflow_id = {wf(workflow)}"
    assert call("BulkCancelExecutions", filter=named, validate_only=True).execution_count == 3
    assert call("BulkRetryExecutions", filter=named, validate_only=True).execution_count == 1
    assert no_jobs()


def test_all_that_the_filter_lets_through_is_cancelled_in_batches(call, workflow, acme, ada, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    mine = [make_open(workflow, labels={"customer": "7"}) for _ in range(5)]
    other = make_open(workflow)
    answer = call("BulkCancelExecutions", filter="labels.customer = 7", reason="Closed.")
    assert (answer.execution_count, answer.count_is_least) == (5, False)
    assert work(CancelExecutions) == 3
    tenancy.enter(acme.id)
    rows = {row.id: row for row in OpenExecution.select()}
    assert all(rows[each.id].cancel_reason == "Closed." for each in mine)
    assert rows[other.id].cancel_time is None
    told = call("GetExecutionTimeline", execution_id=ids.encode("exe", mine[0].id)).entries
    assert [each.summary for each in told if each.kind == pb.TIMELINE_ENTRY_KIND_CANCEL] == [
        f"Somebody asked for it to be cancelled, by {usr(ada)}."
    ]


def test_all_that_did_not_succeed_is_retried(call, workflow, acme, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 2)
    failed = [make_finished(workflow, state) for state in ("FAILED", "CANCELLED", "TIMED_OUT")]
    done = make_finished(workflow)
    assert call("BulkRetryExecutions", filter=f"workflow_id = {wf(workflow)}").execution_count == 3
    assert work(RetryExecutions) == 2
    tenancy.enter(acme.id)
    assert {row.id for row in OpenExecution.select()} == {row.id for row in failed}
    assert [row.id for row in Execution.select()] == [done.id]


def test_retries_take_turns_at_a_concurrency_key(call, acme):
    workflow = make_workflow(acme, {**NOTHING, "concurrency": {"key": "${input.customer}", "limit": 1}})
    for _ in range(3):
        make_finished(workflow, "FAILED", concurrency_key="7")
    call("BulkRetryExecutions", filter="state = EXECUTION_STATE_FAILED")
    work(RetryExecutions)
    tenancy.enter(acme.id)
    assert sorted(row.state for row in OpenExecution.select()) == ["QUEUED", "QUEUED", "READY"]


def test_what_is_created_after_the_call_is_not_meant(call, workflow, acme):
    make_open(workflow)
    call("BulkCancelExecutions", filter="state != EXECUTION_STATE_PAUSED")
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        late = make_open(workflow)
    work(CancelExecutions)
    tenancy.enter(acme.id)
    assert OpenExecution.get(OpenExecution.id == late.id).cancel_time is None
    assert OpenExecution.select().where(~OpenExecution.cancel_time.is_null()).count() == 1


def test_another_workspace_is_not_touched(call, workflow, ada, acme):
    theirs = make_open(make_workflow(make_workspace(ada)))
    tenancy.enter(acme.id)
    make_open(workflow)
    answer = call("BulkCancelExecutions", filter="state != EXECUTION_STATE_PAUSED")
    assert answer.execution_count == 1
    work(CancelExecutions)
    tenancy.enter(theirs.workspace_id)
    assert OpenExecution.get(OpenExecution.id == theirs.id).cancel_time is None


@pytest.mark.parametrize("text", ["", "   "])
@pytest.mark.parametrize("method", ["BulkCancelExecutions", "BulkRetryExecutions"])
def test_an_empty_filter_is_refused(call, method, text):
    with pytest.raises(RpcError) as refusal:
        call(method, filter=text)
    assert list(refusal.value.violations) == ["filter"]


def test_a_filter_of_states_that_cannot_be_meant_concerns_nothing(call, workflow):
    make_finished(workflow)
    answer = call("BulkCancelExecutions", filter="state = EXECUTION_STATE_SUCCEEDED", validate_only=True)
    assert answer.execution_count == 0
