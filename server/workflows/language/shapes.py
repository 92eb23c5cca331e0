"""The types of variables, for checking expressions: told from JSON Schemas.

A schema says more than types do. What a type cannot say may be anything.
"""

from collections.abc import Mapping
from typing import Any, Final

from server.core.cel import Kind, ListOf, Shape
from server.workflows.language.building import types_of

_SCALARS: Final = {"string": Kind.STRING, "integer": Kind.INT, "boolean": Kind.BOOL}
#: With these beside them, `properties` are not all that there is.
_OPEN: Final = frozenset({"patternProperties", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "$ref"})
_MOST_DEPTH: Final = 6
#: JSON types by the first word of the type of CEL that comes out of an expression.
_JSON_TYPES: Final = {
    "BOOL": ("boolean",),
    "INT": ("integer", "number"),
    "UINT": ("integer", "number"),
    "DOUBLE": ("number", "integer"),
    "STRING": ("string",),
    "BYTES": ("string",),
    "TIMESTAMP": ("string",),
    "DURATION": ("string",),
    "NULL": ("null",),
    "LIST": ("array",),
    "MAP": ("object",),
}


def of_schema(schema: Any, *, number: Kind, depth: int = _MOST_DEPTH) -> Shape:
    """The shape of what a schema describes. JSON knows one kind of numbers and CEL two: `number` says which it is."""
    if not isinstance(schema, Mapping) or not depth:
        return Kind.JSON
    types = [type_ for type_ in types_of(schema.get("type")) if type_ != "null"]
    if len(types) != 1 or "$ref" in schema:
        return Kind.JSON
    if types == ["number"]:
        return number
    if types == ["array"]:
        return ListOf(of_schema(schema.get("items"), number=number, depth=depth - 1))
    if types == ["object"]:
        return _record(schema, number, depth)
    return _SCALARS.get(types[0], Kind.JSON)


def _record(schema: Mapping[str, Any], number: Kind, depth: int) -> Shape:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or schema.keys() & _OPEN or schema.get("additionalProperties"):
        return Kind.JSON
    return {name: of_schema(part, number=number, depth=depth - 1) for name, part in properties.items() if is_name(name)}


def is_name(text: str) -> bool:
    """Whether expressions can name a field so; others are reached by brackets."""
    return text.isascii() and text.isidentifier()


def json_types(type_: str) -> tuple[str, ...]:
    """What of JSON comes out when an expression gives what CEL calls `type_`; nothing when it may be anything."""
    return _JSON_TYPES.get(type_.partition("<")[0].upper(), ("object",) if type_.startswith("variables.") else ())


def fits(type_: str, wanted: tuple[str, ...]) -> bool:
    """Whether what CEL calls `type_` may be one of the JSON types."""
    given = json_types(type_)
    return not wanted or not given or any(kind in wanted for kind in given)


def without(shape: Shape, names: tuple[str, ...]) -> Shape:
    """The shape with anything at `names`."""
    if not names or not isinstance(shape, Mapping) or names[0] not in shape:
        return Kind.JSON if not names else shape
    return {**shape, names[0]: without(shape[names[0]], names[1:])}


def at(shape: Shape, names: tuple[str, ...]) -> Shape | None:
    """The shape at `names`; None when there is none."""
    for name in names:
        if not isinstance(shape, Mapping):
            return Kind.JSON if shape is Kind.JSON else None
        if name not in shape:
            return None
        shape = shape[name]
    return shape


def names(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The names of fields that an object may have; None when a schema leaves it open."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or schema.keys() & _OPEN or schema.get("additionalProperties"):
        return None
    return frozenset(properties)
