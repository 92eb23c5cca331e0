"""Children: executions that a step of another one starts, in the transaction that records the step."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from server.core import ids
from server.core.errors import NotFound
from server.workflows.engine.types import FAILED, Note, StepError, Wait
from server.workflows.language.parsing import DefinitionInvalid
from server.workflows.queries import known as workflows
from server.workflows.service import known, starting
from server.workflows.service.drafts import Start, Started
from server.workflows.service.loading import Execution

KIND: Final = "EXECUTION"


def start(begun: Sequence[tuple[Execution, str, Wait]]) -> dict[tuple[UUID, str], Any]:
    """Start what steps want started, each by its execution, path and wait.

    Gives what the parents are told of those that failed at once.
    """
    wanted, refused = [], {}
    for parent, path, wait in begun:
        drafted = _draft(parent, path, wait)
        if isinstance(drafted, Start):
            wanted.append((parent, path, wait, drafted))
        else:
            refused[parent.row.id, path] = _failure(wait, drafted)
    for (parent, path, wait, _), started in zip(
        wanted, starting.start_many([start for *_, start in wanted]), strict=True
    ):
        if started.state == FAILED and wait.data["wait"]:
            refused[parent.row.id, path] = _failure(wait, _why(started))
    return refused


def refusal(parent: Execution, note: Note) -> StepError | None:
    """Why the execution that a step starts, and does not wait for, cannot be started; its step fails with that."""
    wait = note.wait
    if wait is None or wait.kind != KIND or wait.data["wait"]:
        return None
    drafted = _draft(parent, note.record.path, wait)
    return None if isinstance(drafted, Start) else drafted


def answer(execution_id: UUID, *, state: str, output: Any, error: StepError | None) -> dict[str, Any]:
    """What a parent is told of a child that ended."""
    said = None if error is None else {"code": error.code, "message": error.message, "details": dict(error.details)}
    return {"execution_id": ids.encode("exe", execution_id), "state": state, "output": output, "error": said}


def _draft(parent: Execution, path: str, wait: Wait) -> Start | StepError:
    data, row = wait.data, parent.row
    workflow = workflows.by_name(row.workspace_id, data["workflow"])
    if workflow is None:
        return StepError("WORKFLOW_UNKNOWN", f"There is no workflow {data['workflow']}.", retryable=False)
    if workflow.state != "ACTIVE":
        message = f"The workflow {workflow.name} is {workflow.state}; activate it."
        return StepError("WORKFLOW_NOT_ACTIVE", message, retryable=False)
    number = data.get("version") or workflow.version
    try:
        definition = known.definition(row.workspace_id, workflow.id, number)
    except (NotFound, DefinitionInvalid):
        return StepError("WORKFLOW_UNKNOWN", f"{workflow.name} has no version {number} that runs.", retryable=False)
    return Start(
        workspace_id=row.workspace_id,
        workflow_id=workflow.id,
        version=number,
        definition=definition,
        input=data["input"],
        trigger="PARENT",
        cause={"id": ids.encode("exe", row.id)},
        facts={"workspace": parent.facts.workspace, "workflow": {"id": workflow.id, "name": workflow.name}},
        # One that nobody waits for is nobody's child: it goes on when its parent is cancelled.
        parent_id=row.id if data["wait"] else None,
        parent_path=path if data["wait"] else None,
        depth=row.depth + 1,
        actor=row.actor,
        trace_parent=row.trace_parent,
        id=ids.decode("exe", data["execution_id"]),
    )


def _failure(wait: Wait, error: StepError) -> dict[str, Any]:
    return answer(ids.decode("exe", wait.data["execution_id"]), state=FAILED, output=None, error=error)


def _why(started: Started) -> StepError:
    return started.error or StepError("INTERNAL", "The execution was not started.")
