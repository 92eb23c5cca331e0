"""JSON that steps gave, as messages. Protobuf reads at most 100 messages inside of each other: deeper parts are cut."""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

from server.core import structs

#: What stands where something is cut.
CUT: Final = "…"
#: An object in a Value is three messages, and the answer around it some more.
_DEEPEST: Final = 28


def struct_of(value: Mapping[str, Any]) -> Struct:
    """The message of an object."""
    return structs.from_dict(_cut(value, _DEEPEST))


def value_of(value: Any) -> Value:
    """The message of any JSON."""
    return structs.from_dict({"value": _cut(value, _DEEPEST)}).fields["value"]


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _cut(inner, levels - 1) for name, inner in value.items()} if levels else CUT
    if isinstance(value, list | tuple):
        return [_cut(inner, levels - 1) for inner in value] if levels else CUT
    return value
