"""The events of executions: those that steps emit, and those that tell of failed steps, of decisions and of ends.

All of them are published in the transaction that records what they tell of.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from google.protobuf.json_format import MessageToJson

from server.core import events, ids, tenancy
from server.core.call import Call, serving
from server.core.events import DedupeKeyReused, Draft
from server.core.principal import Kind, Principal
from server.events.service.catalogue import Types
from server.workflows.convert import approvals as convert
from server.workflows.engine.types import FAILED, Emission, Note, Record, StepError
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.service.jsons import text
from server.workflows.service.loading import Execution
from userdata.workflows.v1.approval_events_pb2 import WorkflowApprovalRequested

if TYPE_CHECKING:
    from server.workflows.service.recording import Written

EXECUTED: Final = "workflow.executed"
STEP_FAILED: Final = "workflow.step.failed"
APPROVAL_REQUESTED: Final = "workflow.approval.requested"
#: A block fails with a step inside of it, which is told of already.
_BLOCKS: Final = frozenset({"foreach", "while", "switch", "parallel"})
_MOST_CHARACTERS: Final = 256 * 1024
_log = structlog.get_logger("runner")


def refusal(execution: Execution, note: Note) -> StepError | None:
    """Why an event that the step emits cannot be published."""
    tenancy.enter(execution.row.workspace_id)
    tenancy.enter(execution.row.workspace_id)
    types = Types(execution.row.workspace_id, {emission.type for emission in note.emissions})
    for emission in note.emissions:
        refused = types.refusal(emission.type, emission.data, at="event")
        if refused is not None:
            faults = {violation.field: violation.description for violation in refused.violations}
            return StepError("EVENT_INVALID", str(refused), retryable=False, details={"type": emission.type} | faults)
        if len(text(dict(emission.data))) > _MOST_CHARACTERS:
            message = f"The event's data have more than {_MOST_CHARACTERS} characters; send a reference instead."
            return StepError("EVENT_INVALID", message, retryable=False, details={"type": emission.type})
    return None


def publish(written: Sequence["Written"], now: datetime) -> None:
    """Publish what the records of executions emit and what there is to tell of them."""
    drafts: dict[tuple[UUID, str], list[Draft]] = defaultdict(list)
    for one in written:
        row = one.entry.execution.row
        emitted = [_emitted(emission) for note in one.notes for emission in note.emissions]
        if emitted:
            # The actor is the execution: so triggers know how many led to the next one.
            name = ids.encode("exe", row.id)
            actor = Principal(Kind.WORKSPACE_KEY, name, workspace_id=row.workspace_id)
            _publish_as(Call(trace_parent=row.trace_parent, principal=actor), emitted, row.workspace_id)
        own = [_step_failed(one.entry.execution, note.record) for note in one.notes if _is_final(note.record)]
        if one.entry.ending is not None:
            own.append(_executed(one, now))
        if own:
            drafts[row.workspace_id, row.trace_parent] += own
    for (workspace_id, trace_parent), batch in drafts.items():
        _publish_as(Call(trace_parent=trace_parent), batch, workspace_id)


def _publish_as(sender: Call, drafts: Sequence[Draft], workspace_id: UUID) -> None:
    tenancy.enter(workspace_id)
    with serving(sender):
        _publish(drafts, workspace_id)


def approval_requested(execution: Execution, approval: ApprovalRow) -> None:
    """Publish that people are asked for a decision."""
    said = MessageToJson(WorkflowApprovalRequested(approval=convert.approval(approval)), indent=None)
    draft = Draft(APPROVAL_REQUESTED, ids.encode("apr", approval.id), said)
    _publish_as(Call(trace_parent=execution.row.trace_parent), [draft], approval.workspace_id)


def _publish(drafts: Sequence[Draft], workspace_id: UUID) -> None:
    """Publish without those whose dedupe key belongs to another event: what was published with it stays."""
    keyed = [draft for draft in drafts if draft.dedupe_key is not None]
    plain = [draft for draft in drafts if draft.dedupe_key is None]
    events.publish_many(plain, workspace=workspace_id)
    while keyed:
        try:
            events.publish_many(keyed, workspace=workspace_id)
        except DedupeKeyReused as reused:
            _log.info("a dedupe key was used for another event", count=len(reused.at))
            keyed = [draft for at, draft in enumerate(keyed) if at not in reused.at]
            continue
        return


def _emitted(emission: Emission) -> Draft:
    return Draft(
        emission.type, emission.subject, text(dict(emission.data)), emission.channels, dedupe_key=emission.dedupe_key
    )


def _is_final(record: Record) -> bool:
    return record.status == FAILED and record.due_time is None and record.type not in _BLOCKS


def _named(execution: Execution) -> dict[str, Any]:
    return {
        "executionId": ids.encode("exe", execution.row.id),
        "workflowId": ids.encode("wf", execution.row.workflow_id),
        "workflowName": execution.facts.workflow_name,
        "version": execution.row.version,
    }


def _step_failed(execution: Execution, record: Record) -> Draft:
    said = _named(execution) | {
        "path": record.path,
        "type": record.type,
        "attempts": record.attempt,
        "errorCode": record.error.code if record.error else "",
        "errorMessage": record.error.message if record.error else "",
    }
    return Draft(STEP_FAILED, said["executionId"], text(said))


def _executed(one: "Written", now: datetime) -> Draft:
    """The event that an execution ended; its data as the JSON of WorkflowExecuted, made without the message."""
    execution, ending = one.entry.execution, one.entry.ending
    row = execution.row
    said = _named(execution) | {"trigger": row.trigger, "generation": row.generation}
    said |= {"createTime": _time(row.create_time), "endTime": _time(now)}
    if ending is not None:
        said["state"] = ending.state
        if ending.path:
            said["failedStep"] = ending.path
        if ending.error is not None:
            said |= {"errorCode": ending.error.code, "errorMessage": ending.error.message}
    if row.start_time is not None:
        said["startTime"] = _time(row.start_time)
    labels = execution.labels
    if labels:
        said["labels"] = labels
    return Draft(EXECUTED, said["executionId"], text(said))


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
