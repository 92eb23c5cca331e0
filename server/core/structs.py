"""google.protobuf.Struct, read faster than the library does (benchmarks/micro/structs.py)."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

#: Beyond it a double does not hold every whole number, and is left as it is.
_WHOLE: Final = 1 << 53


def to_dict(struct: Struct) -> dict[str, Any]:
    """The object that `struct` holds. Whole numbers become integers, so that JSON says 1 and not 1.0."""
    return {key: _to_python(value) for key, value in struct.fields.items()}


def to_json(struct: Struct) -> str:
    """The object as compact JSON."""
    return dumps(to_dict(struct))


def dumps(value: Any) -> str:
    """`value` as compact JSON. Raises ValueError for numbers that JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value that JSON says."""
    return json.loads(text)


def whole(value: Any) -> Any:
    """JSON with integers in place of whole numbers that Python has as floating point: 1 and not 1.0."""
    if isinstance(value, float):
        return _whole(value)
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


def from_dict(value: Mapping[str, Any]) -> Struct:
    """A Struct that holds the object."""
    struct = Struct()
    struct.update(value)
    return struct


def is_plain(struct: Struct) -> bool:
    """Whether the database can hold every text and number in it: no NUL, no infinity."""
    return all("\0" not in key and _is_plain(value) for key, value in struct.fields.items())


def _to_python(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return _whole(value.number_value)
    if kind == "struct_value":
        return {key: _to_python(inner) for key, inner in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_to_python(item) for item in value.list_value.values]
    return value.bool_value if kind == "bool_value" else None


def _whole(number: float) -> float | int:
    is_whole = number.is_integer() and abs(number) < _WHOLE and (number != 0 or math.copysign(1, number) > 0)
    return int(number) if is_whole else number


def _is_plain(value: Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return "\0" not in value.string_value
    if kind == "number_value":
        return math.isfinite(value.number_value)
    if kind == "struct_value":
        return is_plain(value.struct_value)
    return kind != "list_value" or all(map(_is_plain, value.list_value.values))
