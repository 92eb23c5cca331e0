"""Triggers on events: what is drained starts the executions of the workflows that listen, in the drain's transaction.

So an event starts each of them once, whatever dies meanwhile; and since its id is the idempotency key of what it
starts (unless the definition has one of its own), once also if it should be handed out again. A trigger listens to a
type, to `prefix.*`, to what an inbound source publishes (the source is the event's subject), or to the ends of another
workflow's executions. A filter or an input without a value makes an execution that FAILED and says why.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from server.core import cel, ids, structs
from server.core.errors import NotFound
from server.events import patterns
from server.events.service.draining import Drained
from server.workflows.engine.types import StepError
from server.workflows.language.definition import Definition, Scope, Trigger
from server.workflows.language.faults import DefinitionInvalid, ExpressionFailed
from server.workflows.queries import triggering as queries
from server.workflows.queries.triggering import ArmedRow, Outcome
from server.workflows.service import event_variable, known, starting
from server.workflows.service.starting import Start

#: What an execution that ended publishes, and how it ended when a trigger does not say.
EXECUTED: Final = "workflow.executed"
_STATES: Final = ("SUCCEEDED",)
_OF_EXECUTIONS: Final = "workflow."
WORKFLOW: Final = "WORKFLOW"
_NOBODY: Final = UUID(int=0)
#: Executions that are started by one statement.
_MOST: Final = 1000
#: Data with fewer brackets cannot be nested too deep to be written down within something else, as so many levels show.
_FEW_BRACKETS: Final = 200
_LEVELS: Final = 100
_TOO_DEEP: Final = StepError("EVENT_INVALID", "The event's data are nested too deep to be read.", retryable=False)
#: Of a trigger whose definition cannot be read any more.
_NOTHING: Final = Definition(Scope(()), {})


@dataclass(frozen=True, slots=True)
class Armed:
    """A trigger with its definition. `fault` is why there is none."""

    row: ArmedRow
    definition: Definition
    trigger: Trigger | None
    fault: StepError | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The variables `workspace` and `workflow`."""
        row = self.row
        return {
            "workspace": {"id": ids.encode("ws", row.workspace_id), "slug": row.slug, "name": row.workspace_name},
            "workflow": {"id": ids.encode("wf", row.workflow_id), "name": row.workflow_name, "version": row.version},
        }


#: A trigger, an event that it listens to, and the variable `event`.
_Wish = tuple[Armed, Drained, Mapping[str, Any]]


def listen(batch: Sequence[Drained]) -> Mapping[UUID, int]:
    """Start what drained events trigger. Gives nothing: executions are no deliveries."""
    rows = queries.listening({event.workspace_id for event in batch}) if batch else []
    if not rows:
        return {}
    of_workspace: defaultdict[UUID, list[ArmedRow]] = defaultdict(list)
    for row in rows:
        of_workspace[row.workspace_id].append(row)
    read: dict[tuple[UUID, str], Armed] = {}
    wishes: list[_Wish] = []
    for event in batch:
        chosen = [row for row in of_workspace.get(event.workspace_id, ()) if _listens(row, event)]
        values, fault = _values(event) if chosen else ({}, None)
        for row in chosen:
            key = (row.workflow_id, row.key)
            if key not in read:
                read[key] = armed(row)
            each = read[key] if fault is None else replace(read[key], trigger=None, fault=fault)
            wishes.append((each, event, values))
    if wishes:
        _start(wishes)
    return {}


def armed(row: ArmedRow) -> Armed:
    """A trigger with the definition of its version."""
    message = f"Version {row.version} of {row.workflow_name} cannot be read any more. Save it again."
    fault = StepError("DEFINITION_INVALID", message, retryable=False)
    try:
        definition = known.definition(row.workspace_id, row.workflow_id, row.version)
    except (NotFound, DefinitionInvalid):
        return Armed(row, _NOTHING, None, fault)
    trigger = next((each for each in definition.triggers if each.id == row.key), None)
    return Armed(row, definition, trigger, fault if trigger is None else None)


def _values(event: Drained) -> tuple[dict[str, Any], StepError | None]:
    """The variable `event`, or one without data and the reason why."""
    try:
        values = event_variable.of(event)
        if event.data.count("[") + event.data.count("{") > _FEW_BRACKETS:
            nested: Any = values
            for _ in range(_LEVELS):
                nested = [nested]
            structs.dumps(nested)
    except (ValueError, RecursionError):
        return event_variable.of(replace(event, data="{}")), _TOO_DEEP
    return values, None


def _listens(row: ArmedRow, event: Drained) -> bool:
    if row.subject is not None and row.subject != event.subject:
        return False
    if row.kind == "WEBHOOK":
        return row.subject is not None
    return row.event_type is not None and patterns.matches(row.event_type, event.type)


def _start(wishes: Sequence[_Wish]) -> None:
    wanted = [each for each in wishes if _is_meant(each[0], each[2])]
    origins = queries.origins(_origins(wanted))
    starts, sources = [], []
    for each, event, values in wanted:
        origin = origins.get(_origin(event, values) or _NOBODY)
        if origin is not None and each.row.kind == WORKFLOW:
            output = None if origin.output is None else cel.load(origin.output)
            values = {**values, "data": {**values["data"], "output": output}}  # noqa: PLW2901 - what this trigger sees
        start = _wish(each, event, values, 0 if origin is None else origin.depth + 1)
        if start is not None:
            starts.append(start)
            sources.append((each.row, event))
    outcomes: dict[tuple[UUID, str], Outcome] = {}
    # By parts, so that no statement takes long.
    parts = [starting.start_many(starts[at : at + _MOST]) for at in range(0, len(starts), _MOST)]
    for started, (row, event) in zip((one for part in parts for one in part), sources, strict=True):
        if not started.repeated:
            key = (row.workflow_id, row.key)
            outcomes[key] = Outcome(*key, event.event_time, started.id, None)
    if outcomes:
        queries.fired([outcomes[key] for key in sorted(outcomes)])


def _is_meant(each: Armed, event: Mapping[str, Any]) -> bool:
    """Whether the end of an execution is one that a WORKFLOW trigger waits for."""
    if each.row.kind != WORKFLOW or each.trigger is None:
        return True
    other = each.trigger.text["workflow"]
    data = event["data"]
    return data.get("workflowName") == other["name"] and data.get("state") in (other.get("states") or _STATES)


def _origins(wanted: Sequence[_Wish]) -> dict[UUID, bool]:
    """The executions that events come from, and whether somebody wants their outputs."""
    found: dict[UUID, bool] = {}
    for each, event, values in wanted:
        origin = _origin(event, values)
        if origin is not None:
            found[origin] = found.get(origin, False) or each.row.kind == WORKFLOW
    return found


def _origin(event: Drained, values: Mapping[str, Any]) -> UUID | None:
    """The execution that an event comes from: a step of it published the event, or the event tells of it."""
    told = str(values["data"].get("executionId")) if event.type.startswith(_OF_EXECUTIONS) else event.actor
    return ids.decode("exe", told) if ids.matches("exe", told) else None


def _wish(each: Armed, event: Drained, values: Mapping[str, Any], depth: int) -> Start | None:
    """What an event starts; None when the filter refuses it."""
    trigger = each.trigger
    refusal, made = each.fault, values["data"]
    cause = {"id": each.row.key, "event": values, "time": values["time"]}
    if trigger is not None:
        try:
            if trigger.filter is not None and trigger.filter.evaluate({"event": values}) is not True:
                return None
            if trigger.input is not None:
                made = trigger.input.evaluate(
                    {**each.facts, "event": values, "trigger": {"kind": each.row.kind, **cause}}
                )
        except ExpressionFailed as failed:
            refusal = StepError("EXPRESSION_FAILED", str(failed), retryable=False, details=failed.details)
    key = None if each.definition.idempotency_key is not None else f"event:{values['id']}:{each.row.key}"
    return Start(
        workspace_id=each.row.workspace_id,
        workflow_id=each.row.workflow_id,
        version=each.row.version,
        definition=each.definition,
        input=made,
        trigger=each.row.kind,
        cause=cause,
        facts=each.facts,
        idempotency_key=key,
        depth=depth,
        actor="system",
        trace_parent=event.trace_parent,
        refusal=refusal,
    )
