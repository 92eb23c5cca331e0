"""Rows of executions for tests, made by the room's own models, and the calls that nearly every test makes."""

from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from server.core import clock, ids, tenancy
from server.workflows.models import Approval, Execution, Label, OpenExecution, Step, Wait, Workflow
from tests.workspaces.factories import Caller
from userdata.workflows.v1 import approval_service_pb2, execution_service_pb2

EXECUTIONS = "userdata.workflows.v1.ExecutionService/"
APPROVALS = "userdata.workflows.v1.ApprovalService/"
Row = TypeVar("Row", OpenExecution, Execution)


def _named(workflow: Workflow, values: dict[str, Any]) -> dict[str, Any]:
    tenancy.enter(workflow.workspace)
    execution_id: UUID = values.pop("id", None) or ids.new_at(clock.now())
    return {
        "id": execution_id,
        "create_time": ids.time_of(execution_id),
        "workspace_id": workflow.workspace,
        "workflow_id": workflow.id,
        "version": workflow.version,
        "priority": 3,
        "trigger": "MANUAL",
        "cause": {},
        "input": {},
        "labels": {},
        "depth": 0,
        "generation": 1,
        "actor": "system",
        "trace_parent": "",
        "cancel_reason": "",
        "revision": 1,
    }


def _labelled(row: Row) -> Row:
    for key, value in row.labels.items():
        Label.create(
            workspace_id=row.workspace_id,
            key=key,
            value=value,
            execution_id=row.id,
            execution_time=row.create_time,
        )
    return row


def make_open(workflow: Workflow, state: str = "READY", **values: Any) -> OpenExecution:
    """An execution that is not finished."""
    now = clock.now()
    times = {"ready_time": now, "due_time": now, "timeout_time": now + timedelta(days=1), "update_time": now}
    if state not in ("QUEUED", "READY"):
        times["start_time"] = now
    defaults = {**_named(workflow, values), **times, "state": state, "poked": False, "pause": state == "PAUSED"}
    return _labelled(OpenExecution.create(**(defaults | values)))


def make_finished(workflow: Workflow, state: str = "SUCCEEDED", **values: Any) -> Execution:
    """An execution that has ended."""
    now = clock.now()
    error = None if state == "SUCCEEDED" else {"code": "FAILED", "message": "It failed.", "details": {}}
    defaults = {**_named(workflow, values), "state": state, "start_time": now, "end_time": now, "error": error}
    return _labelled(Execution.create(**(defaults | values)))


def make_step(execution: OpenExecution | Execution, path: str, status: str = "SUCCEEDED", **values: Any) -> Step:
    """An attempt of a step, or its wait."""
    tenancy.enter(execution.workspace_id)
    now = clock.now()
    defaults = {"generation": 1, "attempt": 1, "type": "transform", "start_time": now}
    if status != "WAITING":
        defaults["end_time"] = now
    return Step.create(
        execution_id=execution.id,
        execution_time=execution.create_time,
        workspace_id=execution.workspace_id,
        path=path,
        status=status,
        **(defaults | values),
    )


def make_wait(execution: OpenExecution, path: str, kind: str, name: str = "") -> Wait:
    """What an execution waits for from outside."""
    make_step(execution, path, "WAITING", type=kind.lower())
    return Wait.create(
        execution_id=execution.id,
        path=path,
        workspace_id=execution.workspace_id,
        kind=kind,
        name=name,
        match="",
        variables={},
    )


def make_approval(execution: OpenExecution, path: str = "ask", **values: Any) -> Approval:
    """A decision that an execution waits for."""
    make_wait(execution, path, "APPROVAL")
    defaults = {
        "title": "Approve order 4711",
        "description": "",
        "form": {},
        "approvers": [],
        "state": "PENDING",
        "data": {},
        "comment": "",
        "decider": "",
    }
    return Approval.create(
        workspace=execution.workspace_id,
        workflow_id=execution.workflow_id,
        execution_id=execution.id,
        path=path,
        **(defaults | values),
    )


def exe(execution: OpenExecution | Execution) -> str:
    """The execution's id as the contract writes it."""
    return ids.encode("exe", execution.id)


def wf(workflow: Workflow) -> str:
    """The workflow's id as the contract writes it."""
    return ids.encode("wf", workflow.id)


def ask(caller: Caller, method: str, workspace_id: UUID, **fields: Any) -> Any:
    """The answer to a method of ExecutionService."""
    request = getattr(execution_service_pb2, f"{method}Request")
    return caller(EXECUTIONS + method, request(workspace_id=ids.encode("ws", workspace_id), **fields))


def decide(caller: Caller, method: str, approval: Approval, **fields: Any) -> Any:
    """The answer to a method of one approval."""
    request = getattr(approval_service_pb2, f"{method}Request")
    named = {
        "workspace_id": ids.encode("ws", approval.workspace),
        "approval_id": ids.encode("apr", approval.id),
    }
    return caller(APPROVALS + method, request(**named, **fields))
