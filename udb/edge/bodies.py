"""Which keys the JSON body of each REST method may hold.

Envoy's transcoder drops keys that a message does not have, without a word and without an option to refuse them
(envoyproxy/envoy issue 46623). The edge therefore checks them itself, in envoy/bodies.lua, with these tables.
"""

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from udb.openapi.contract import Binding, is_map, takes_anything

#: The shape of a value that is not looked into: a scalar, or a well-known type with a JSON form of its own.
OPAQUE: Final = 0

_VERBS_WITH_BODY: Final = frozenset({"patch", "post", "put"})


class Bodies:
    """The tables.

    `shapes` holds one table for each message, from a key in both of its spellings to the shape of its value: the
    number of a table, counted from 1, `OPAQUE`, or below 0 for a map whose values have the shape of that number.

    `paths` leads from an HTTP method over the segments of a path to the shape of the body, which stands under `/`.
    `*` is a variable; a custom verb is a step of its own and begins with `:`.
    """

    def __init__(self, bindings: Iterable[Binding]) -> None:
        self.shapes: list[dict[str, int]] = []
        self.paths: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        for binding in bindings:
            if binding.verb in _VERBS_WITH_BODY and not takes_anything(binding):
                shape = self._of_field(binding.body) if binding.body else self._of_fields(binding.body_fields)
                self._enter(binding, shape)

    def _enter(self, binding: Binding, shape: int) -> None:
        tree = self.paths
        for step in (binding.verb.upper(), *_steps(binding.path)):
            tree = tree.setdefault(step, {})
        tree["/"] = shape

    def _of_field(self, field: FieldDescriptor) -> int:
        message = field.message_type
        if message is None:
            return OPAQUE
        return -self._of_field(message.fields_by_name["value"]) if is_map(field) else self._of_message(message)

    def _of_message(self, message: Descriptor) -> int:
        if message.full_name.startswith("google.protobuf."):
            return OPAQUE
        known = self._numbers.get(message.full_name)
        return known or self._of_fields(message.fields, name=message.full_name)

    def _of_fields(self, fields: Iterable[FieldDescriptor], *, name: str | None = None) -> int:
        shape: dict[str, int] = {}
        self.shapes.append(shape)
        number = len(self.shapes)
        if name:
            # Before its fields are looked at: a message may hold itself.
            self._numbers[name] = number
        for field in fields:
            shape[field.json_name] = shape[field.name] = self._of_field(field)
        return number


def _steps(template: str) -> list[str]:
    """`/v1/things/{id}:archive` as `v1`, `things`, `*`, `:archive`."""
    path, colon, verb = template.partition(":")
    steps = ["*" if segment.startswith("{") else segment for segment in path.strip("/").split("/")]
    return [*steps, colon + verb] if colon else steps


def lua(value: object) -> str:
    """`value`, made of dicts, lists, strings and integers, as a Lua expression."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{lua(key)}]={lua(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(lua, value)) + "}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    raise ValueError(f"{value!r} has no form in Lua: use plain ASCII names in the contract.")
