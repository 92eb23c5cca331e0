"""Builds the schemas of messages and enums as components, one for each role in which a message is used.

A request's schema is closed and tells every limit; a response's lists what is always printed and may grow. So
the same message has up to three schemas: `Workspace` in responses, `WorkspaceInput` in requests and
`WorkspacePatch` in updates, where nothing is required because an update mask picks the fields.
"""

from collections.abc import Iterable

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from udb.openapi.comments import Comments
from udb.openapi.contract import ContractError, behaviors, is_required, map_value, rules
from udb.openapi.examples import example_of
from udb.openapi.formats import Json, Role, is_shown, list_rules, map_rules, value_schema, well_known
from udb.openapi.status import status_schemas
from userdata.api.v1 import rules_pb2


class Schemas:
    """The components of the document: those of errors, and what was asked for by reference."""

    def __init__(self, comments: Comments) -> None:
        self.components = status_schemas()
        self._comments = comments
        self._names = {name: (f"google.rpc.{name}", Role.OUTPUT) for name in self.components}

    def of(self, message: Descriptor, role: Role) -> Json:
        """Return a reference to the schema of `message`, or the schema itself if it is a well-known type."""
        known = well_known(message.full_name)
        if known is not None:
            return known
        name = self._claim(message.name, message.full_name, role)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._object(message, message.fields, role)
        return _reference(name)

    def of_body(self, message: Descriptor, fields: Iterable[FieldDescriptor]) -> Json:
        """Return a reference to the schema of a body that holds `fields` of the request `message`."""
        schema = self._object(message, fields, Role.INPUT)
        name = self._claim(message.name, message.full_name, Role.INPUT)
        if self.components.setdefault(name, schema) != schema:
            return schema
        return _reference(name)

    def field(self, field: FieldDescriptor, role: Role) -> Json:
        """Return the schema of a field with its comment, example and field behaviour."""
        schema = self.bare_field(field, role)
        extras = self._annotations(field, role)
        if "$ref" in schema and extras:
            return {"allOf": [schema], **extras}
        return {**schema, **extras}

    def bare_field(self, field: FieldDescriptor, role: Role) -> Json:
        """Return the schema of a field, its list or its map, without any text."""
        schema = self._plain_field(field, role)
        if role is Role.INPUT and is_required(field):
            return {**schema, **_not_empty(schema)}
        return schema

    def _plain_field(self, field: FieldDescriptor, role: Role) -> Json:
        declared = rules(field)
        value = map_value(field)
        if value is not None:
            return {
                "type": "object",
                "additionalProperties": self._value(value, declared.values, role),
                **(map_rules(declared) if role is not Role.OUTPUT else {}),
            }
        if field.is_repeated:
            return {
                "type": "array",
                "items": self._value(field, declared, role),
                **(list_rules(declared) if role is not Role.OUTPUT else {}),
            }
        return self._value(field, declared, role)

    def _value(self, field: FieldDescriptor, declared: rules_pb2.Rules, role: Role) -> Json:
        if field.enum_type is not None:
            return self._enum(field.enum_type, role)
        if field.message_type is None or well_known(field.message_type.full_name) is not None:
            return value_schema(field, declared, role)
        # An update mask reaches the resource's own fields; what lies deeper is replaced as a whole.
        return self.of(field.message_type, Role.INPUT if role is Role.PATCH else role)

    def _object(self, message: Descriptor, fields: Iterable[FieldDescriptor], role: Role) -> Json:
        shown = [field for field in fields if is_shown(field, role)]
        required = [field.json_name for field in shown if _is_certain(field, role)]
        choices = [_choice(group.fields) for group in message.oneofs if len(group.fields) > 1]
        text = "\n\n".join([self._comments.of(message.full_name).text, *choices]).strip()
        return {
            "type": "object",
            **({"description": text} if text else {}),
            "properties": {field.json_name: self.field(field, role) for field in shown},
            **({"required": required} if required else {}),
            **({"additionalProperties": False} if role is not Role.OUTPUT else {}),
        }

    def _enum(self, enum: EnumDescriptor, role: Role) -> Json:
        """Requests cannot name the unspecified value; responses may, when the field is not set."""
        role = Role.OUTPUT if role is Role.OUTPUT else Role.INPUT
        name = self._claim(enum.name, enum.full_name, role)
        values = [value for value in enum.values if value.number or role is Role.OUTPUT]
        comments = [self._comments.of(f"{enum.full_name}.{value.name}") for value in values]
        meanings = [
            f"- `{value.name}`: {comment.summary} {comment.details}".strip()
            for value, comment in zip(values, comments, strict=True)
        ]
        text = self._comments.of(enum.full_name).text
        self.components[name] = {
            "type": "string",
            "description": "\n".join([text, "", *meanings]).strip(),
            "enum": [value.name for value in values],
        }
        return _reference(name)

    def _annotations(self, field: FieldDescriptor, role: Role) -> Json:
        text = self._comments.of(field.full_name).text
        if rules(field).keys.pattern and role is not Role.OUTPUT:
            text += f"\n\nEach key matches `{rules(field).keys.pattern}`."
        example = example_of(field)
        kinds = behaviors(field)
        return {
            **({"description": text} if text else {}),
            **({"readOnly": True} if field_behavior_pb2.OUTPUT_ONLY in kinds and role is Role.OUTPUT else {}),
            **({"writeOnly": True} if field_behavior_pb2.INPUT_ONLY in kinds else {}),
            **({"deprecated": True} if field.GetOptions().deprecated else {}),
            **({"example": example} if example is not None else {}),
        }

    def _claim(self, short: str, full_name: str, role: Role) -> str:
        """Name a component; a request's own message needs no suffix."""
        name = short if short.endswith("Request") else short + role.value
        if self._names.setdefault(name, (full_name, role)) != (full_name, role):
            raise ContractError(f"Rename {full_name}: another message or enum is called {short} too.")
        return name


def _is_certain(field: FieldDescriptor, role: Role) -> bool:
    """Whether the property is always there: Envoy prints every field that has no presence."""
    if role is Role.OUTPUT:
        return not field.has_presence or is_required(field)
    return role is Role.INPUT and is_required(field)


def _not_empty(schema: Json) -> Json:
    """What keeps out the values that count as not set."""
    if schema.get("type") == "array":
        return {"minItems": max(1, schema.get("minItems", 0))}
    if schema.get("type") == "string" and not {"format", "pattern"} & schema.keys():
        return {"minLength": max(1, schema.get("minLength", 0))}
    return {}


def _choice(fields: Iterable[FieldDescriptor]) -> str:
    names = [f"`{field.json_name}`" for field in fields]
    return f"At most one of {', '.join(names[:-1])} and {names[-1]} is set."


def _reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
