"""Builds the example values of the document from the `example` of the fields' rules.

A field without an example is left out wherever it may be absent, so that every example is a likely request or
response and not a list of all there is. A message is made of the examples of its fields, unless it has one itself.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from udb.openapi.contract import ContractError, is_map, is_required, rules
from udb.openapi.formats import Json, Role, is_shown, is_wide, well_known

_DELETED = {"delete_time": "2026-11-03T08:15:00Z", "purge_time": "2026-12-03T08:15:00Z"}
_Above = tuple[Descriptor | None, ...]
_ANY_JSON = "google.protobuf.Value"
_JSON_TYPES = ("integer", "number", "boolean", "object", "array")


def example_of(field: FieldDescriptor) -> Any:
    """Return the written example of one value of `field` as proto3 JSON, None if there is none.

    Raises:
        ContractError: the example is not of the field's type.
    """
    written = rules(field).example
    if not written:
        return None
    try:
        return _read(field, written)
    except ValueError as error:
        raise ContractError(f"Correct the example of {field.full_name}: {error}.") from error


def body_example(fields: Iterable[FieldDescriptor], role: Role) -> Json:
    """Return the example of a request's body that is made of `fields`."""
    return _object(fields, role, ())


def response_examples(method: MethodDescriptor) -> dict[str, Json]:
    """Return the examples of a response, by name: one, or one for each choice of the message's oneof."""
    fields = list(method.output_type.fields)
    choices = _choices(fields)
    if not choices:
        return {"response": _object(fields, Role.OUTPUT, ()) | _after(method)}
    rest = [field for field in fields if field not in choices]
    return {choice.json_name: _object([choice, *rest], Role.OUTPUT, ()) for choice in choices}


def _object(fields: Iterable[FieldDescriptor], role: Role, above: _Above) -> Json:
    fields = list(fields)
    above = (*above, *{field.containing_type for field in fields})
    rivals = set(_choices(fields)[1:])
    found = {field.json_name: _value(field, role, above) for field in fields if field not in rivals}
    return {name: value for name, value in found.items() if value is not None}


def _choices(fields: list[FieldDescriptor]) -> list[FieldDescriptor]:
    """The fields of the first oneof among `fields` that are not alone in it."""
    groups = (field.containing_oneof for field in fields if field.containing_oneof)
    first = next((group for group in groups if len(group.fields) > 1), None)
    return [field for field in fields if first and field.containing_oneof == first]


def _value(field: FieldDescriptor, role: Role, above: _Above) -> Any:
    """The example of a field, None when it is better left out."""
    # A sample is to work when it is sent: nobody's etag is the example, and no time stays near for ever.
    is_passing = field.name == "etag" or rules(field).HasField("within_seconds")
    if not is_shown(field, role) or (is_passing and role is not Role.OUTPUT):
        return None
    message = _message_of(field)
    found = example_of(field)
    if message is not None:
        found = _nested(message, role, above) if found is None else _printed(message, found, role)
    if found is not None and field.is_repeated and not is_map(field) and not isinstance(found, list):
        found = [found]
    if found is None and role is Role.OUTPUT and not field.has_presence:
        return _default(field)
    if found is None and role is Role.INPUT and is_required(field):
        raise ContractError(f"Give {field.full_name} an example: requests must set it.")
    return found


def _message_of(field: FieldDescriptor) -> Descriptor | None:
    """The message of our own that one value of `field` is."""
    message = field.message_type
    if message is None or is_map(field) or well_known(message.full_name) is not None:
        return None
    return message


def _nested(message: Descriptor, role: Role, above: _Above) -> Json | None:
    if message in above:
        return None
    return _object(message.fields, role, above) or None


def _printed(message: Descriptor, written: Json, role: Role) -> Json:
    """A written example of a message; in a response with all that is printed although it is not set."""
    if role is not Role.OUTPUT:
        return written
    found = dict(written)
    for field in message.fields:
        value, inner = written.get(field.json_name), _message_of(field)
        if value is None and not field.has_presence:
            found[field.json_name] = _default(field)
        elif value is not None and inner is not None:
            several = [_printed(inner, each, role) for each in (value if field.is_repeated else [value])]
            found[field.json_name] = several if field.is_repeated else several[0]
    return found


def _default(field: FieldDescriptor) -> Any:
    """What is printed for a field without presence that is not set."""
    if field.is_repeated:
        return {} if is_map(field) else []
    if field.enum_type is not None:
        return field.enum_type.values_by_number[0].name
    if is_wide(field):
        return "0"
    return "" if field.type == FieldDescriptor.TYPE_BYTES else field.default_value


def _read(field: FieldDescriptor, written: str) -> Any:
    if is_map(field) or written.startswith("["):
        return json.loads(written)
    kind = well_known(field.message_type.full_name) if field.message_type else None
    if written.startswith("{") and field.message_type and field.message_type.full_name == _ANY_JSON:
        return json.loads(written)
    if is_wide(field):
        return str(int(written))
    is_text = field.cpp_type in (FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM)
    if is_text or (kind is not None and kind.get("type") not in _JSON_TYPES):
        return written
    return json.loads(written)


def _after(method: MethodDescriptor) -> Json:
    """What a resource holds because of the call: `LockUser` returns a user whose status is `…_LOCKED`."""
    verb = re.split("(?<=.)(?=[A-Z])", method.name)[0]
    stem = verb.upper().removesuffix("E")
    found: Json = {}
    for field in method.output_type.fields:
        for value in field.enum_type.values if field.enum_type is not None else ():
            if value.name.rpartition("_")[2].startswith(stem):
                found[field.json_name] = value.name
        if verb == "Delete" and field.name in _DELETED:
            found[field.json_name] = _DELETED[field.name]
    return found
