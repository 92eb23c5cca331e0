"""Forking: a new execution that takes over what another one has done, but for a step and what depends on it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from server.core import clock, ids, structs
from server.core.call import Call
from server.core.errors import NotFound
from server.workflows.errors import StepUnknown
from server.workflows.language.definition import GOTO, Definition
from server.workflows.queries import known as workflows
from server.workflows.queries import reopening
from server.workflows.queries.executions import ExecutionRow
from server.workflows.service import executing, executions, journal, known, starting
from server.workflows.service.starting import Start

_FORK: Final = "FORK"


def fork(
    caller: Call,
    execution_id: UUID,
    *,
    step_id: str,
    given: Mapping[str, Any] | None,
    version: int,
    labels: Mapping[str, str],
) -> ExecutionRow:
    """The new execution. Without `given` it has the input of the other one, without `version` (0) its version.

    Raises NotFound, StepUnknown, ExecutionInputInvalid, ExecutionConflict.
    """
    source = executions.get(caller.workspace, execution_id)
    workflow = workflows.by_id(caller.workspace, source.workflow_id)
    if workflow is None:
        raise NotFound
    number = version or source.version
    definition = known.definition(caller.workspace, workflow.id, number)
    kept = kept_steps(definition, step_id)
    new_id = ids.new_at(clock.now())
    started = starting.start(
        Start(
            id=new_id,
            workspace_id=caller.workspace,
            workflow_id=workflow.id,
            version=number,
            definition=definition,
            input=structs.loads(source.input or "{}") if given is None else given,
            trigger=_FORK,
            cause=_cause(source),
            facts=executing.facts_of(caller, workflow.id, workflow.name, number),
            # The key of the definition would lead back to the execution that is forked.
            idempotency_key=None if definition.idempotency_key is None else f"fork {new_id}",
            priority=source.priority,
            labels=labels or source.labels,
            forked_from=source.id,
        )
    )
    executing.refuse([started.error], [""])
    if kept:
        _take_over(source, started.id, kept, is_same=number == source.version)
    begin = f" from {step_id}" if step_id else ""
    journal.note(caller.workspace, started.id, journal.FORKED, f"Forked{begin}.", source=ids.encode("exe", source.id))
    return executions.get(caller.workspace, started.id)


def kept_steps(definition: Definition, step_id: str) -> dict[str, str]:
    """The top-level steps, with their types, that do not depend on `step_id`; none without one. Raises StepUnknown."""
    if not step_id:
        return {}
    steps = {step.id: step for step in definition.scope.steps}
    if step_id not in steps:
        raise StepUnknown(step_id=step_id)
    after: dict[str, list[str]] = {}
    for step in steps.values():
        for need in step.needs:
            after.setdefault(need, []).append(step.id)
        if step.on_error.action == GOTO:
            after.setdefault(step.id, []).append(step.on_error.step)
    gone: set[str] = set()
    ahead = [step_id]
    while ahead:
        current = ahead.pop()
        if current not in gone:
            gone.add(current)
            ahead += after.get(current, ())
    return {name: step.type for name, step in steps.items() if name not in gone}


def _take_over(source: ExecutionRow, target: UUID, kept: Mapping[str, str], *, is_same: bool) -> None:
    """Copy what succeeded of the steps that are kept; of another version only whole steps of the same type."""
    paths = []
    for path, type_ in reopening.done(source.workspace_id, source.id):
        top = _top(path)
        if top in kept and (is_same or (path == top and kept[top] == type_)):
            paths.append(path)
    if paths:
        reopening.copy(source.workspace_id, source=source.id, target=target, paths=paths)


def _top(path: str) -> str:
    """The top-level step that a path begins with: `each` of `each[3]/charge`, `route` of `route:big/notify`."""
    first = path.partition("/")[0]
    return first.partition("[")[0].partition(":")[0]


def _cause(source: ExecutionRow) -> dict[str, Any]:
    cause = structs.loads(source.cause or "{}")
    found = {key: value for key, value in cause.items() if key != "kind"} if isinstance(cause, dict) else {}
    return {**found, "execution_id": ids.encode("exe", source.id)}
