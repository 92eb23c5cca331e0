"""Pieces of JSON Schema that the types of steps share."""

from collections.abc import Mapping
from typing import Any, Final

from server.workflows.language import durations

Schema = Mapping[str, Any]

ANY: Final[Schema] = {}
OBJECT: Final[Schema] = {"type": "object"}
#: A template: text with `${…}` in it.
TEXT: Final[Schema] = {"type": "string", "maxLength": 65536}
NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 256}
CEL: Final[Schema] = {"type": "string", "format": "cel", "minLength": 1, "maxLength": 4096}
#: One that sees the steps of the body, ended.
INSIDE: Final[Schema] = {**CEL, "x-inside": True}
DURATION: Final[Schema] = {"type": "string", "pattern": durations.PATTERN, "maxLength": 64}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object of these fields and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


#: Without fields; branches have `when`.
CHOICE: Final[Schema] = {**record(), "x-chooses": True}


def described(schema: Schema, description: str, **more: Any) -> Schema:
    """`schema` with a sentence about it."""
    return {**schema, "description": description, **more}
