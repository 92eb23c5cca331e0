"""Everything about a definition that its form does not say: its graph, its names and types, its schedules."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema_rs import Draft202012Validator

from server.events import schemas
from server.workflows.language import forms, graph, sentences, shapes
from server.workflows.language.building import Builder, StepKind
from server.workflows.language.cron import Schedule, zone_of
from server.workflows.language.definition import Definition, Scope, Trigger
from server.workflows.language.faults import Fault
from server.workflows.language.naming import Naming

_INPUT: Final = "/input_schema"


def faults(definition: Definition, builder: Builder, types: Mapping[str, StepKind]) -> Iterator[Fault]:
    """What is wrong with a definition that `builder` has built."""
    yield from _size(builder)
    yield from graph.faults(builder.frames, types)
    broken = list(_input_schema(definition))
    yield from broken
    yield from _triggers(definition, with_input=not broken)
    yield from _branches(definition.scope, "/steps", types)
    if definition.on_failure is not None:
        yield from _branches(definition.on_failure, "/on_failure", types)
    naming = Naming(None if broken else definition.input_schema, builder.frames, types)
    for site in builder.sites:
        yield from naming.faults(site)


def _size(builder: Builder) -> Iterator[Fault]:
    steps = sum(len(frame.nodes) + len(frame.doubles) for frame in builder.frames)
    if steps > forms.MAX_STEPS:
        yield Fault("/steps", f"Write at most {forms.MAX_STEPS} steps; these are {steps}. Use sub_workflow.")
    for frame in builder.frames:
        depth = sum(1 for _, owner in frame.chain() if owner)
        if depth == forms.MAX_NESTING:
            yield Fault(frame.pointer, f"Nest steps at most {forms.MAX_NESTING} deep. Use sub_workflow.")


def _input_schema(definition: Definition) -> Iterator[Fault]:
    schema = definition.input_schema
    if schema is None:
        return
    violations = schemas.faults(schema, at=_INPUT)
    for violation in violations:
        yield Fault(violation.field, f"Mend the schema: {violation.description.rstrip('.')}.")
    if not violations and schema.get("type", "object") != "object":
        yield Fault(f"{_INPUT}/type", "Write object; an input is one.")


def _triggers(definition: Definition, *, with_input: bool) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for position, trigger in enumerate(definition.triggers):
        place = f"/triggers/{position}"
        if trigger.id and first.setdefault(trigger.id, position) != position:
            yield Fault(f"{place}/id", f"Choose another id; {trigger.id} is that of /triggers/{first[trigger.id]}.")
        if trigger.kind == "SCHEDULE":
            yield from _schedule(trigger.text.get("schedule"), f"{place}/schedule")
        if with_input and definition.input_schema is not None:
            yield from _trigger_input(trigger, definition.input_schema, place)


def _schedule(schedule: Any, place: str) -> Iterator[Fault]:
    if not isinstance(schedule, Mapping):
        return
    cron, zone = schedule.get("cron"), schedule.get("time_zone")
    for field, text, check in (("cron", cron, Schedule), ("time_zone", zone, zone_of)):
        if isinstance(text, str):
            try:
                check(text)
            except ValueError as error:
                yield Fault(f"{place}/{field}", str(error))


def _trigger_input(trigger: Trigger, schema: Mapping[str, Any], place: str) -> Iterator[Fault]:
    given = trigger.text.get("input")
    if given is None:
        # Of a trigger by events the event's data are the input.
        if trigger.kind == "SCHEDULE" and (missing := schema.get("required")):
            yield Fault(place, f"Add input with {', '.join(missing)}, which input_schema requires.")
        return
    yield from sentences.faults(given, Draft202012Validator(forms.templated(schema)), at=f"{place}/input")
    known = shapes.names(schema)
    if isinstance(given, Mapping) and known is not None and schema.get("additionalProperties") is not False:
        for name in given.keys() - known:
            near = sentences.did_you_mean(name, known)
            yield Fault(f"{place}/input{schemas.pointer([name])}", f"There is no {name} in input_schema.{near}")


def _branches(scope: Scope, pointer: str, types: Mapping[str, StepKind]) -> Iterator[Fault]:
    for position, step in enumerate(scope.steps):
        place = f"{pointer}/{position}"
        if step.body is not None:
            yield from _branches(step.body, f"{place}/steps", types)
        kind = types.get(step.type)
        chooses = kind is None or bool(kind.schema.get("x-chooses"))
        names = Counter[str]()
        default = ""
        for number, branch in enumerate(step.branches):
            here = f"{place}/branches/{number}"
            names[branch.name] += 1
            if names[branch.name] > 1:
                yield Fault(f"{here}/name", f"Choose another name; there is a branch {branch.name} already.")
            if not chooses and branch.when is not None:
                yield Fault(f"{here}/when", f"Remove when; {step.type} runs all of its branches.")
            if chooses and default:
                yield Fault(here, f"Move it before {default}, which has no when and is taken always.")
            if branch.when is None:
                default = default or branch.name
            yield from _branches(branch.scope, f"{here}/steps", types)
