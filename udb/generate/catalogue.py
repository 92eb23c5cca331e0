"""Writes the catalogue of built-in event types: each message with `(userdata.api.v1.event_type)`, as JSON Schema.

The schemas tell what `MessageToJson` makes of a message: names in lowerCamelCase, numbers of 64 bits as strings, and
nothing for what is not set; so no property is required.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MessageOptions
from google.protobuf.descriptor_pool import DescriptorPool

from udb.openapi.comments import Comments
from udb.openapi.examples import body_example
from udb.openapi.formats import Role
from userdata.api.v1 import event_type_pb2

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_OURS: Final = "userdata."
_WELL_KNOWN: Final[dict[str, dict[str, Any]]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d{1,9})?s$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Empty": {"type": "object"},
}
_TEXT: Final = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
_REAL: Final = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)
_WIDE: Final = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def main() -> None:
    """Write the catalogue of the descriptors in a file, which carry their comments, into a folder."""
    source, folder = map(Path, sys.argv[1:])
    found = catalogue(FileDescriptorSet.FromString(source.read_bytes()))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalogue.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


def catalogue(descriptors: FileDescriptorSet) -> list[dict[str, Any]]:
    """The built-in event types by name: name, description, JSON Schema and an example."""
    ours = [file for file in descriptors.file if f"{file.package}.".startswith(_OURS)]
    pool = DescriptorPool()
    for file in descriptors.file:
        pool.AddSerializedFile(file.SerializeToString())
    comments = Comments(ours)
    names = [f"{file.package}.{message.name}" for file in ours for message in file.message_type]
    found = {}
    for message in map(pool.FindMessageTypeByName, names):
        name = _event_type(message)
        if name:
            found[name] = {
                "name": name,
                "description": _described(comments, message, name),
                "schema": _Schema(comments).of(message),
                "example": _present(body_example(message.fields, Role.OUTPUT)),
            }
    return [found[name] for name in sorted(found)]


def _event_type(message: Descriptor) -> str:
    # The descriptors come from a pool of their own, whose options do not know the extension; their bytes do.
    options: Any = MessageOptions.FromString(message.GetOptions().SerializeToString())
    return str(options.Extensions[event_type_pb2.event_type])


def _described(comments: Comments, message: Descriptor, name: str) -> str:
    """The message's comment without the name of the type, which stands beside it."""
    return comments.of(message.full_name).text.replace(f": `{name}`.", ".", 1)


def _present(value: Any) -> Any:
    """`value` without what is not set: ProtoJSON leaves it out."""
    if isinstance(value, dict):
        kept = {name: _present(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each and not str(each).endswith("_UNSPECIFIED")}
    return value


class _Schema:
    """The JSON Schema of one message, with those of the messages in it."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self._definitions: dict[str, Any] = {}

    def of(self, message: Descriptor) -> dict[str, Any]:
        """The whole document."""
        schema = {"$schema": _DRAFT, "title": message.name} | self._object(message)
        return schema | ({"$defs": dict(sorted(self._definitions.items()))} if self._definitions else {})

    def _object(self, message: Descriptor) -> dict[str, Any]:
        properties = {field.json_name: self._field(field) for field in message.fields}
        return {"type": "object", "properties": properties}

    def _field(self, field: FieldDescriptor) -> dict[str, Any]:
        text = self._comments.of(field.full_name).text
        described = {"description": text} if text else {}
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = self._value(field.message_type.fields_by_name["value"])
            return described | {"type": "object", "additionalProperties": value}
        value = self._value(field)
        return described | ({"type": "array", "items": value} if field.is_repeated else value)

    def _value(self, field: FieldDescriptor) -> dict[str, Any]:
        if field.message_type is not None:
            return self._message(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type)
        if field.type in _TEXT:
            return {"type": "string"}
        if field.type in _REAL:
            return {"type": "number"}
        if field.type == FieldDescriptor.TYPE_BOOL:
            return {"type": "boolean"}
        # ProtoJSON: numbers of 64 bits are texts, because JavaScript's numbers cannot hold them.
        return {"type": "string", "pattern": r"^-?\d+$"} if field.cpp_type in _WIDE else {"type": "integer"}

    def _message(self, message: Descriptor) -> dict[str, Any]:
        if message.full_name in _WELL_KNOWN:
            return _WELL_KNOWN[message.full_name]
        if message.name not in self._definitions:
            self._definitions[message.name] = {}
            text = self._comments.of(message.full_name).text
            self._definitions[message.name] = {"description": text} | self._object(message)
        return {"$ref": f"#/$defs/{message.name}"}


def _enum(enum: EnumDescriptor) -> dict[str, Any]:
    return {"type": "string", "enum": [value.name for value in enum.values if value.number]}


if __name__ == "__main__":
    main()
