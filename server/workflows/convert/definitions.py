"""Definitions, which are the same as messages and as the JSON that is stored."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value

from server.core import structs
from server.workflows.engine.step_types import StepType
from server.workflows.language.faults import Fault
from userdata.workflows.v1.definition_pb2 import Definition, DefinitionFault
from userdata.workflows.v1.step_type_pb2 import StepType as StepTypeMessage

_IS_MESSAGE = FieldDescriptor.CPPTYPE_MESSAGE


def text_of(message: Definition) -> dict[str, Any]:
    """The definition as JSON: what is set in the message, under the names of the contract."""
    return _object(message)


def definition(text: dict[str, Any]) -> Definition:
    """The message of a definition that was parsed before it was stored."""
    return ParseDict(text, Definition())


def fault(found: Fault) -> DefinitionFault:
    """One thing that is wrong."""
    return DefinitionFault(
        pointer=found.pointer, description=found.text, line=max(found.line, 0), column=max(found.column, 0)
    )


def faults(found: Sequence[Fault]) -> list[DefinitionFault]:
    """Everything that is wrong."""
    return [fault(item) for item in found]


def step_type(kind: StepType) -> StepTypeMessage:
    """A type of step."""
    return StepTypeMessage(
        name=kind.name,
        summary=kind.summary,
        schema=structs.from_dict(kind.schema),
        output_schema=structs.from_dict(kind.output_schema),
        has_steps=kind.has_body,
        has_branches=kind.has_branches,
    )


def json_of(value: Value) -> Any:
    """The JSON that `value` says. Whole numbers are integers, as in a Struct."""
    return structs.to_dict(Struct(fields={"value": value}))["value"]


def _object(message: Message) -> dict[str, Any]:
    return {
        field.name: [_item(field, item) for item in value] if field.is_repeated else _item(field, value)
        for field, value in message.ListFields()
    }


def _item(field: FieldDescriptor, value: Any) -> Any:
    if field.cpp_type != _IS_MESSAGE:
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(value, Struct):
        return structs.to_dict(value)
    return json_of(value) if isinstance(value, Value) else _object(value)
