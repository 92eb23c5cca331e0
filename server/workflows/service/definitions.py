"""Taking definitions from whoever writes them: as messages or YAML, bounded before they are parsed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from google.protobuf.json_format import ParseError

from server.core import structs
from server.core.errors import FieldViolation, InvalidArgument
from server.workflows.convert import definitions as convert
from server.workflows.errors import WorkflowDefinitionInvalid
from server.workflows.language import parsing
from server.workflows.language.definition import Definition
from server.workflows.language.faults import DefinitionInvalid, Fault
from server.workflows.service import known
from server.workflows.steps import registry
from userdata.workflows.v1 import definition_service_pb2, workflow_pb2

#: What holds a definition in one of two ways.
Holder = (
    workflow_pb2.Workflow
    | definition_service_pb2.ValidateWorkflowRequest
    | definition_service_pb2.DryRunWorkflowRequest
)

#: Deeper ones could be stored, but not be sent: protobuf reads at most 100 messages inside of each other, and an object
#: in a Struct is three.
_DEEPEST: Final = 30
#: An answer's trailers hold no more: gRPC clients refuse metadata beyond 8 KiB.
_MOST_CHARACTERS: Final = 4000
_TOO_LARGE: Final = f"Let the definition be at most {parsing.MAX_BYTES // 1024} KiB as JSON."


def take(holder: Holder, *, at: str = "") -> Definition:
    """The definition that `holder` has in `definition` or `yaml`; `at` is what its fields are called in front.

    Raises InvalidArgument when it has none or both, WorkflowDefinitionInvalid with everything that is wrong.
    """
    field = _field_of(holder, at)
    try:
        return _read(holder)
    except DefinitionInvalid as error:
        raise WorkflowDefinitionInvalid(violations=_violations(error.faults, f"{at}{field}")) from error


def of_version(workspace_id: UUID, workflow_id: UUID, number: int) -> Definition:
    """A version of a workflow, which may be so old that it cannot be read any more.

    Raises NotFound, WorkflowDefinitionInvalid.
    """
    try:
        return known.definition(workspace_id, workflow_id, number)
    except DefinitionInvalid as error:
        raise WorkflowDefinitionInvalid(violations=_violations(error.faults, "definition")) from error


def validate(holder: Holder) -> tuple[Definition | None, Sequence[Fault]]:
    """The definition in `holder`, or everything that is wrong with it. Raises InvalidArgument as `take` does."""
    _field_of(holder, "")
    try:
        return _read(holder), ()
    except DefinitionInvalid as error:
        return None, error.faults


def _field_of(holder: Holder, at: str) -> str:
    if not holder.yaml and not holder.HasField("definition"):
        raise InvalidArgument(violations=[FieldViolation(f"{at}definition", "is required, unless yaml is given")])
    if holder.yaml and holder.HasField("definition"):
        raise InvalidArgument(violations=[FieldViolation(f"{at}yaml", "must not be given beside definition")])
    return "yaml" if holder.yaml else "definition"


def _read(holder: Holder) -> Definition:
    text = parsing.from_yaml(holder.yaml) if holder.yaml else convert.text_of(holder.definition)
    faults = list(_storable(text))
    if faults:
        raise DefinitionInvalid(faults)
    if len(structs.dumps(text).encode()) > parsing.MAX_BYTES:
        raise DefinitionInvalid([Fault("", _TOO_LARGE)])
    definition = parsing.parse(text, types=registry.TYPES)
    try:
        convert.definition(dict(definition.text))
    except ParseError as error:
        raise DefinitionInvalid([Fault("", f"{error}.".replace("..", "."))]) from error
    return definition


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and one == other if isinstance(one, str) else bool(one == other)


def _violations(faults: Sequence[Fault], at: str) -> list[FieldViolation]:
    """The first faults, as many as an error can hold, and whether there are more."""
    found: list[FieldViolation] = []
    left = _MOST_CHARACTERS
    for fault in faults:
        violation = FieldViolation(f"{at}{fault.pointer}", _sentence(fault))
        left -= len(violation.field) + len(violation.description)
        if left < 0 and found:
            found.append(FieldViolation(at, "More is wrong. ValidateWorkflow lists it."))
            break
        found.append(violation)
    return found


def _sentence(fault: Fault) -> str:
    where = f" (line {fault.line}, column {fault.column})" if fault.line else ""
    return f"{fault.text}{where}"


def _storable(text: Any) -> Iterator[Fault]:
    """What of `text` neither the database nor a message can hold. YAML has more than JSON."""
    ahead: list[tuple[str, Any, int]] = [("", text, 1)]
    seen = 0
    while ahead:
        pointer, value, depth = ahead.pop()
        # An alias makes much of a small text; each value takes a byte and a comma at least.
        seen += 1
        if seen > parsing.MAX_BYTES // 2:
            yield Fault("", _TOO_LARGE)
            return
        if isinstance(value, dict | list):
            if depth > _DEEPEST:
                yield Fault(pointer, f"Nest objects and lists at most {_DEEPEST} deep.")
                continue
            pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
            for name, inner in reversed(pairs):
                if isinstance(name, str) and (fault := _of_text(name)):
                    yield Fault(pointer, f"A name of a field {fault}")
                elif isinstance(value, dict) and not isinstance(name, str):
                    yield Fault(pointer, f"The name {str(name)[:40]} of a field must be a string. Quote it.")
                else:
                    ahead.append((f"{pointer}/{_escaped(name)}", inner, depth + 1))
        elif (fault := _of_plain(value)) is not None:
            yield Fault(pointer, fault)


def _of_plain(value: Any) -> str | None:
    match value:
        case str():
            return f"The string {fault}" if (fault := _of_text(value)) else None
        case float() if not math.isfinite(value):
            return "Give a finite number."
        case int() if not isinstance(value, bool) and abs(value) >= 1 << 63:
            return "Give a number of at most 64 bits, or a string."
        case None | bool() | int() | float():
            return None
    return f"Quote the {type(value).__name__}: JSON has none."


def _of_text(text: str) -> str | None:
    if "\0" in text:
        return "must not hold the character NUL."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must be valid Unicode."
    return None


def _escaped(name: str | int) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
