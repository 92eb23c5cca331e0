"""Starting by hand: one execution or many, and waiting for the end of one."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.core import config, ids, tenancy
from server.core.call import Call
from server.core.errors import DomainError, FieldViolation, InvalidArgument, NotFound
from server.workflows.engine.types import StepError
from server.workflows.errors import ExecutionConflict, ExecutionInputInvalid, WorkflowNotActive
from server.workflows.queries import executions
from server.workflows.queries import known as workflows
from server.workflows.queries.executions import ExecutionRow
from server.workflows.queries.known import WorkflowRow
from server.workflows.service import known, starting
from server.workflows.service.starting import Start, Started
from server.workspaces.service import access

ACTIVE: Final = "ACTIVE"
#: An answer's trailers hold no more: gRPC clients refuse metadata beyond 8 KiB.
_MOST_CHARACTERS: Final = 4000
#: Between two looks at an execution that somebody waits for; the first one is short, since most end soon.
_FIRST_LOOK: Final = 0.005
_LAST_LOOK: Final = 0.25


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one start. `priority` 0 and an empty key leave it to the definition."""

    input: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    idempotency_key: str = ""


def by_id_or_name(workspace_id: UUID, workflow_id: str, name: str) -> WorkflowRow:
    """The workflow that a call names in either way. Raises NotFound, InvalidArgument when it names none or two."""
    if bool(workflow_id) == bool(name):
        violation = FieldViolation("workflow_id", "must be set, or name, and not both")
        raise InvalidArgument(violations=[violation])
    if name:
        found = workflows.by_name(workspace_id, name)
    else:
        found = workflows.by_id(workspace_id, ids.decode("wf", workflow_id, field="workflow_id"))
    if found is None:
        raise NotFound
    return found


def execute(caller: Call, workflow: WorkflowRow, asked: Sequence[Asked], *, places: Sequence[str]) -> list[Started]:
    """Start the workflow once for each of `asked`, in their order. All are started or none.

    `places` are what violations call the requests. Raises WorkflowNotActive, ExecutionInputInvalid with every violation
    of all of them, ExecutionConflict.
    """
    if workflow.state != ACTIVE:
        raise WorkflowNotActive(state=workflow.state)
    definition = known.definition(caller.workspace, workflow.id, workflow.version)
    facts = facts_of(caller, workflow.id, workflow.name, workflow.version)
    starts = [
        Start(
            workspace_id=caller.workspace,
            workflow_id=workflow.id,
            version=workflow.version,
            definition=definition,
            input=each.input,
            facts=facts,
            labels=each.labels,
            priority=each.priority or None,
            idempotency_key=each.idempotency_key or None,
        )
        for each in asked
    ]
    started = starting.start_many(starts)
    refuse([each.error for each in started], places)
    return started


def facts_of(caller: Call, workflow_id: UUID, name: str, version: int) -> dict[str, Any]:
    """The variables `workspace` and `workflow` of a start."""
    row = access.workspace_of(caller)
    return {
        "workspace": {"id": ids.encode("ws", row.id), "slug": row.slug, "name": row.name},
        "workflow": {"id": ids.encode("wf", workflow_id), "name": name, "version": version},
    }


def refuse(errors: Sequence[StepError | None], places: Sequence[str]) -> None:
    """Raise for the first of refused starts, with the violations of all, so that nothing of them is left."""
    refusals: list[DomainError] = []
    violations: list[FieldViolation] = []
    for error, place in zip(errors, places, strict=True):
        if error is None:
            continue
        found = [_violation(each, place) for each in error.details.get("violations", ())]
        refusal = _refusal(error)
        violations += found or [FieldViolation(f"{place}input", refusal.message)]
        refusals.append(refusal)
    if refusals:
        if isinstance(refusals[0], InvalidArgument):
            refusals[0].violations = tuple(_some(violations))
        raise refusals[0]


def _some(violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    """The first violations, as many as an error can hold, and how many more there are."""
    found: list[FieldViolation] = []
    left = _MOST_CHARACTERS
    for violation in violations:
        left -= len(violation.field) + len(violation.description)
        if left < 0 and found:
            found.append(FieldViolation(violation.field, f"and {len(violations) - len(found) - 1} more are wrong"))
            break
        found.append(violation)
    return found


def _refusal(error: StepError) -> DomainError:
    if error.code == "REJECTED":
        return ExecutionConflict(concurrency_key=str(error.details.get("concurrency_key", "")))
    if error.details.get("violations"):
        return ExecutionInputInvalid()
    # A text of the customer's may have braces, which a message would take for names to fill in.
    return ExecutionInputInvalid(error.message.replace("{", "{{").replace("}", "}}"))


def _violation(found: Mapping[str, str], place: str) -> FieldViolation:
    return FieldViolation(f"{place}{found['field']}", found["description"])


class Waiters:
    """How many calls wait at a time: each of them holds a thread of the process, so half of them never do."""

    def __init__(self) -> None:
        self._free: threading.Semaphore | None = None
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Whether one more may wait; `leave` then follows."""
        with self._lock:
            if self._free is None:
                self._free = threading.Semaphore(max(1, config.read(config.Core).server_threads // 2))
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        """Make room for another."""
        if self._free is not None:
            self._free.release()


WAITERS: Final = Waiters()


def wait(caller: Call, execution_id: UUID, within: timedelta) -> ExecutionRow | None:
    """The execution once it is finished, or as it is when the time is over; None when too many wait already.

    To be called outside of a transaction, when what started the execution is committed.
    """
    if not WAITERS.enter():
        return None
    try:
        ends = time.monotonic() + within.total_seconds()
        pause = _FIRST_LOOK
        with tenancy.reading(workspace=caller.workspace):
            while executions.is_open(caller.workspace, execution_id) and (left := ends - time.monotonic()) > 0:
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, _LAST_LOOK)
            return executions.get(caller.workspace, execution_id)
    finally:
        WAITERS.leave()
