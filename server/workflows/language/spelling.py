"""Definitions may be written in camelCase, as the REST API writes; they are stored in snake_case.

Only the names that the form of definitions gives are changed, never those of bodies, inputs and schemas of a customer.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from server.events.schemas import pointer as pointer_of

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")
_Types = Mapping[str, Any]


def snake(value: Any, schema: Mapping[str, Any]) -> Any:
    """`value` with the names of fields as `schema` has them."""
    return _spelled(value, schema, schema)


def _spelled(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    if not isinstance(schema, Mapping):
        return value
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [_spelled(item, schema.get("items"), root) for item in value] if "items" in schema else value
    if not isinstance(value, Mapping):
        return value
    properties = {**schema.get("properties", {}), **_of_type(value, schema)}
    if not properties:
        return value
    spelled = {}
    for name, item in value.items():
        known = _name(name, properties)
        # Of two spellings of one field the first counts; the other one is told to be unknown.
        key = name if known in spelled else known
        spelled[key] = _spelled(item, properties.get(key), root)
    return spelled


def _of_type(value: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a step's type says of its fields."""
    for rule in schema.get("allOf", ()):
        wanted = rule.get("if", {}).get("properties", {}).get("type", {}).get("const")
        if wanted is not None and wanted == value.get("type"):
            return {name: part for name, part in rule["then"]["properties"].items() if name == "with"}
    return {}


def _name(name: str, known: Mapping[str, Any]) -> str:
    if name in known:
        return name
    spelled = _CAPITAL.sub(lambda found: f"_{found[1].lower()}", name)
    return spelled if spelled in known else name


def as_written(pointer: str, value: Any) -> str:
    """A JSON Pointer into the stored definition as one into what was written."""
    written = []
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        elif isinstance(value, Mapping):
            if name not in value:
                name = next((other for other in value if _name(other, {name: None}) == name), name)
            value = value.get(name)
        written.append(name)
    return pointer_of(written)
