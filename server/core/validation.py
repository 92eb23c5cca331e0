"""Field rules of the contract, compiled to closures once and applied to every request before its service sees it.

A request is checked as a whole: every broken rule is reported at once, one violation a field. Beside the declared
rules each string must be free of NUL and each number finite, because no JSON document or database column holds them.
"""

import math
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from server.core import structs
from server.core.errors import FieldViolation, InvalidArgument
from server.core.rules import checks_of
from userdata.api.v1 import rules_pb2

#: Takes a value, gives the sentence that says what is wrong with it, or None.
Check = Callable[[Any], str | None]

_TEXT = FieldDescriptor.CPPTYPE_STRING
_MESSAGE = FieldDescriptor.CPPTYPE_MESSAGE
_BOUNDED = ("google.protobuf.Timestamp", "google.protobuf.Duration")
_FLOATS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)


def validate(request: Message) -> None:
    """Raise InvalidArgument with every violation of `request`, or return."""
    violations: list[FieldViolation] = []
    _validator(request.DESCRIPTOR).collect(request, "", violations)
    if violations:
        raise InvalidArgument(violations=violations)


@cache
def _validator(descriptor: Descriptor) -> "_Validator":
    return _Validator(descriptor)


class _Validator:
    """The compiled rules of one message type."""

    def __init__(self, descriptor: Descriptor) -> None:
        names = descriptor.fields_by_name
        self._is_update = "update_mask" in names
        self._fields = [_Field(field) for field in descriptor.fields if not _is_output(field)]

    def collect(
        self, message: Message, path: str, found: list[FieldViolation], *, only: Collection[str] | None = None
    ) -> None:
        """Append the violations of `message`; with `only`, required fields outside it may be missing."""
        mask = self._mask(message) if self._is_update else None
        for field in self._fields:
            field.collect(message, path, found, required=only is None or field.name in only, mask=mask)

    def _mask(self, message: Any) -> Collection[str] | None:
        """The fields that an update changes; None when it replaces all of them (AIP-134)."""
        return None if "*" in message.update_mask.paths else set(message.update_mask.paths)


class _Field:
    """The compiled rules of one field."""

    def __init__(self, field: FieldDescriptor) -> None:
        options: Any = field.GetOptions()
        behaviours = options.Extensions[field_behavior_pb2.field_behavior]
        rules = options.Extensions[rules_pb2.rules]
        self.name = field.name
        self._required = field_behavior_pb2.REQUIRED in behaviours
        self._list = checks_of(rules, field, of_list=True) if field.is_repeated else []
        self._is_map = _is_map(field)
        self._is_repeated = field.is_repeated
        self._default = None if field.is_repeated or field.cpp_type == _MESSAGE else field.default_value
        self._has_presence = field.has_presence
        self._nested = field.message_type if field.cpp_type == _MESSAGE and not self._is_map else None
        self._is_struct = self._nested is Struct.DESCRIPTOR
        if self._is_map and field.message_type is not None:
            entry = field.message_type.fields_by_name
            self._keys = _intrinsic(entry["key"]) + checks_of(rules.keys, entry["key"])
            self._values = _intrinsic(entry["value"]) + checks_of(rules.values, entry["value"])
            self._map_message = entry["value"].message_type
        else:
            self._one = _intrinsic(field) + checks_of(rules, field)

    def collect(
        self,
        message: Message,
        path: str,
        found: list[FieldViolation],
        *,
        required: bool,
        mask: Collection[str] | None,
    ) -> None:
        value = getattr(message, self.name)
        where = f"{path}{self.name}"
        if self._is_absent(message, value):
            if self._required and required:
                found.append(FieldViolation(where, "is required"))
            return
        if not _first(self._list, value, where, found):
            return
        if self._is_map:
            self._collect_map(value, where, found)
        elif self._is_repeated:
            for index, item in enumerate(value):
                self._collect_one(item, f"{where}[{index}]", found, mask)
        else:
            self._collect_one(value, where, found, mask)

    def _is_absent(self, message: Message, value: Any) -> bool:
        if self._is_repeated:
            return not value
        if self._has_presence:
            return not message.HasField(self.name)
        return bool(value == self._default)

    def _collect_one(self, value: Any, where: str, found: list[FieldViolation], mask: Collection[str] | None) -> None:
        before = len(found)
        # Most are plain, which is seen fast; the walk that names the flaw is for the others.
        if self._nested is not None and not (self._is_struct and structs.is_plain(value)):
            _validator(self._nested).collect(value, f"{where}.", found, only=mask)
        # The size of a message is that of its JSON, which one with a broken field may not have.
        if len(found) == before:
            _first(self._one, value, where, found)

    def _collect_map(self, pairs: Any, where: str, found: list[FieldViolation]) -> None:
        for key, value in pairs.items():
            at = f'{where}["{key}"]' if isinstance(key, str) and key.isprintable() else where
            whole = _first(self._keys, key, at, found) and _first(self._values, value, at, found)
            if whole and self._map_message is not None:
                _validator(self._map_message).collect(value, f"{at}.", found)


def _first(checks: Sequence[Check], value: Any, where: str, found: list[FieldViolation]) -> bool:
    """Report the first check that fails; True when all hold."""
    for check in checks:
        description = check(value)
        if description:
            found.append(FieldViolation(where, description))
            return False
    return True


def _intrinsic(field: FieldDescriptor) -> list[Check]:
    """What must hold of a field whatever its rules say."""
    if field.cpp_type == _TEXT and field.type == FieldDescriptor.TYPE_STRING:
        return [lambda text: "must not hold the character NUL" if "\0" in text else None]
    if field.cpp_type in _FLOATS:
        return [lambda number: None if math.isfinite(number) else "must be a finite number"]
    if field.message_type is not None and field.message_type.full_name in _BOUNDED:
        return [_in_range]
    return []


def _in_range(value: Any) -> str | None:
    try:
        value.ToJsonString()
    except ValueError:
        return "is out of the range of its type"
    return None


def _is_map(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def _is_output(field: FieldDescriptor) -> bool:
    options: Any = field.GetOptions()
    return field_behavior_pb2.OUTPUT_ONLY in options.Extensions[field_behavior_pb2.field_behavior]
