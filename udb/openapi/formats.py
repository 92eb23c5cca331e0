"""Tells the JSON shape of single values: what proto3 JSON makes of each type, and what field rules add.

Source: the proto3 JSON mapping (protobuf.dev/programming-guides/json) as Envoy prints and reads it.
"""

import re
from enum import Enum
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from udb.openapi.contract import behaviors
from userdata.api.v1 import rules_pb2

Json = dict[str, Any]


class Role(Enum):
    """Where a schema stands; the value is the suffix of its name."""

    OUTPUT = ""
    INPUT = "Input"
    PATCH = "Patch"


TYPE_ID_SUFFIX = "[0-7][0-9a-hjkmnp-tv-z]{25}"

_INT32 = {"type": "integer", "format": "int32"}
_UINT32 = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**32 - 1}
_INT64 = {"type": "string", "format": "int64", "pattern": "^(?:0|-?[1-9][0-9]{0,18})$"}
_UINT64 = {"type": "string", "format": "uint64", "pattern": "^(?:0|[1-9][0-9]{0,19})$"}

_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
}

_WELL_KNOWN: dict[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]{1,12}(?:\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {
        "type": "string",
        "pattern": r"^(?:\*|[a-z][a-zA-Z0-9.]*(?:,[a-z][a-zA-Z0-9.]*)*)?$",
    },
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Value": {},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.BoolValue": {"type": "boolean"},
    "google.protobuf.StringValue": {"type": "string"},
    "google.protobuf.BytesValue": {"type": "string", "format": "byte"},
    "google.protobuf.Int32Value": _INT32,
    "google.protobuf.UInt32Value": _UINT32,
    "google.protobuf.Int64Value": _INT64,
    "google.protobuf.UInt64Value": _UINT64,
    "google.protobuf.DoubleValue": {"type": "number", "format": "double"},
    "google.protobuf.FloatValue": {"type": "number", "format": "float"},
}

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"

# The shapes that server/core/rules.py enforces, as far as JSON Schema can tell them.
_FORMATS: dict[int, Json] = {
    rules_pb2.FORMAT_EMAIL: {"format": "email", "maxLength": 254},
    rules_pb2.FORMAT_URL: {"format": "uri", "pattern": "^https?://"},
    rules_pb2.FORMAT_SLUG: {"pattern": "^[a-z](?:[a-z0-9-]*[a-z0-9])?$"},
    rules_pb2.FORMAT_BCP47: {
        "pattern": "^[a-zA-Z]{2,3}(?:-[a-zA-Z]{4})?(?:-(?:[a-zA-Z]{2}|[0-9]{3}))?(?:-[a-zA-Z0-9]{5,8})*$"
    },
    rules_pb2.FORMAT_TIME_ZONE: {"pattern": "^[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}$"},
    rules_pb2.FORMAT_LINE: {"pattern": rf"^[^\s{_CONTROLS}](?:[^{_CONTROLS}]*[^\s{_CONTROLS}])?$"},
    rules_pb2.FORMAT_PERMISSION: {"pattern": r"^[a-z][a-z_]*(?:\.[a-z][a-z_]*)+$"},
}


def is_shown(field: FieldDescriptor, role: Role) -> bool:
    """Tell whether `field` stands in the schemas and examples of `role`."""
    kinds = behaviors(field)
    if role is Role.OUTPUT:
        return field_behavior_pb2.INPUT_ONLY not in kinds
    is_fixed = role is Role.PATCH and field_behavior_pb2.IMMUTABLE in kinds
    return field_behavior_pb2.OUTPUT_ONLY not in kinds and not is_fixed


def is_single_value(field: FieldDescriptor) -> bool:
    """Tell whether one value of `field` is a scalar in JSON, so that it fits in a path or a query."""
    if field.message_type is None:
        return True
    schema = _WELL_KNOWN.get(field.message_type.full_name, {})
    return schema.get("type") not in (None, "object", "array")


def is_wide(field: FieldDescriptor) -> bool:
    """Tell whether `field` is a 64-bit integer, which is a string in JSON."""
    return field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


def well_known(full_name: str) -> Json | None:
    """Return the schema of a well-known message type, None for any other message."""
    schema = _WELL_KNOWN.get(full_name)
    return None if schema is None else dict(schema)


def value_schema(field: FieldDescriptor, rules: rules_pb2.Rules, role: Role) -> Json:
    """Return the schema of one value of `field`, which is a scalar or of a well-known type.

    Requests tell every limit. Responses tell only types and the shape of ids: a limit may be tightened while
    older values stay stored, and a field that is not set is printed as its default, which no limit covers.

    Args:
        field: the field; of a list or map, what its items are.
        rules: what its value must hold.
        role: where the schema stands.
    """
    message = field.message_type
    schema = dict(_SCALARS[field.type] if message is None else _WELL_KNOWN[message.full_name])
    prefix = rules.type_id or _prefix_of(rules.example)
    if prefix:
        may_be_empty = role is Role.OUTPUT and not field.is_repeated and not field.has_presence
        schema["pattern"] = _type_id(prefix, or_empty=may_be_empty)
    if role is not Role.OUTPUT:
        schema |= _FORMATS.get(rules.format, {}) | _text_rules(rules) | _number_rules(schema, rules)
    return schema


def list_rules(rules: rules_pb2.Rules) -> Json:
    """Return what `rules` say of a list as a whole."""
    return {
        **({"minItems": rules.min_items} if rules.min_items else {}),
        **({"maxItems": rules.max_items} if rules.HasField("max_items") else {}),
        **({"uniqueItems": True} if rules.unique_items else {}),
    }


def map_rules(rules: rules_pb2.Rules) -> Json:
    """Return what `rules` say of a map as a whole."""
    return {
        **({"minProperties": rules.min_items} if rules.min_items else {}),
        **({"maxProperties": rules.max_items} if rules.HasField("max_items") else {}),
    }


def _prefix_of(example: str) -> str:
    """The prefix of an id that is only returned, which has no rules but an example."""
    found = re.fullmatch(f"([a-z]+)_{TYPE_ID_SUFFIX}", example)
    return found.group(1) if found else ""


def _type_id(prefix: str, *, or_empty: bool) -> str:
    whole = f"{prefix}_{TYPE_ID_SUFFIX}"
    return f"^(?:{whole})?$" if or_empty else f"^{whole}$"


def _text_rules(rules: rules_pb2.Rules) -> Json:
    return {
        **({"minLength": rules.min_len} if rules.min_len else {}),
        **({"maxLength": rules.max_len} if rules.HasField("max_len") else {}),
        **({"pattern": f"^(?:{rules.pattern})$"} if rules.pattern else {}),
    }


def _number_rules(schema: Json, rules: rules_pb2.Rules) -> Json:
    """Bounds of numbers; 64-bit numbers and durations are strings in JSON and cannot have any."""
    if schema.get("type") not in ("integer", "number"):
        return {}
    bounds = {"minimum": -(2**31), "maximum": 2**31 - 1} if schema["format"] == "int32" else {}
    cast = int if schema["type"] == "integer" else float
    return {
        **bounds,
        **({"minimum": cast(rules.gte)} if rules.HasField("gte") else {}),
        **({"maximum": cast(rules.lte)} if rules.HasField("lte") else {}),
    }
