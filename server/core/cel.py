"""Expressions that customers write, in CEL (Common Expression Language): filters and transformations.

An expression is checked against the types of its variables when it is compiled, and evaluated within a budget: its
cost and the size of its result are bounded from its shape and the extent of the values before it runs, loops are
counted, regular expressions are RE2 (linear time). docs/decisions/0011-cel.md tells why this implementation.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, Final, Union

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2, timestamp_pb2, wrappers_pb2

from server.core import cel_cost, cel_paths
from server.core.cel_paths import Path

#: Longer texts, values nested deeper and whole numbers beyond 64 bits are refused.
MAX_TEXT: Final = 4096
MAX_DEPTH: Final = 64
_INT64: Final = range(-(2**63), 2**63)

_PACKAGE: Final = "variables"
_FAULT: Final = re.compile(r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<fault>[^\n]*)")


class ExpressionInvalid(Exception):
    """The text is no expression, or its types do not fit. `fault` is a sentence; `line` and `column` count from 1.

    `others` are further ones in the same text.
    """

    def __init__(
        self, fault: str, *, line: int = 1, column: int = 1, others: "tuple[ExpressionInvalid, ...]" = ()
    ) -> None:
        self.fault = fault
        self.line = line
        self.column = column
        self.others = others
        super().__init__(f"{fault} (line {line}, column {column})")


class EvaluationFailed(Exception):
    """The expression has no result for these values: a missing key, a wrong type, too much work. One sentence."""


class Kind(Enum):
    """The type of a field of a variable, or of a result. JSON may be anything; fields may also be null."""

    BOOL = cel.Type.BOOL
    INT = cel.Type.INT
    DOUBLE = cel.Type.DOUBLE
    STRING = cel.Type.STRING
    TIME = cel.Type.TIMESTAMP
    JSON = cel.Type.DYN


_Field = descriptor_pb2.FieldDescriptorProto
_FIELDS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.BOOL: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.BoolValue"},
    Kind.INT: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.Int64Value"},
    Kind.DOUBLE: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.DoubleValue"},
    Kind.STRING: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.StringValue"},
    Kind.TIME: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.Timestamp"},
    Kind.JSON: {"type": _Field.TYPE_MESSAGE, "type_name": ".google.protobuf.Value"},
}


#: The type of a variable or field: one kind, a record of fields, or a list of one shape.
Shape = Union[Kind, Mapping[str, "Shape"], "ListOf"]


@dataclass(frozen=True, slots=True)
class ListOf:
    """The shape of a list."""

    shape: Shape


class Variables:
    """What expressions may name: each variable is a record of typed fields. Make one per use and keep it."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes

    # Two environments: one knows each field's type and refuses a misspelt name at compile time; the other takes
    # plain dictionaries, which spares building a message for each event.

    @cached_property
    def checked(self) -> cel.Env:
        """Knows the type of each field."""
        messages = _Messages()
        types = {name: messages.type_of(name.title(), shape) for name, shape in self.shapes.items()}
        return cel.NewEnv(messages.pool(), variables=types)

    @cached_property
    def plain(self) -> cel.Env:
        """Takes dictionaries."""
        record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        return cel.NewEnv(
            variables={n: record if isinstance(s, Mapping) else cel.Type.DYN for n, s in self.shapes.items()}
        )

    def bind(self, values: Mapping[str, Any]) -> "Bindings":
        """`values` made ready for any number of evaluations. Raises EvaluationFailed when they do not fit."""
        return Bindings(self, values)


class Bindings:
    """Values of variables: JSON as `json.loads` or better `load` gives it, times as aware datetimes."""

    __slots__ = ("activation", "key", "scope")

    def __init__(self, variables: Variables, values: Mapping[str, Any]) -> None:
        fields = []
        given = {}
        for name, value in values.items():
            if isinstance(variables.shapes[name], Mapping):
                fields += [(f"{name}.{key}", field) for key, field in value.items()]
                given[name] = {key: _given(field) for key, field in value.items()}
            else:
                fields.append((name, value))
                given[name] = _given(value)
        try:
            self.scope = {path: cel_cost.rounded(value, MAX_DEPTH) for path, value in fields}
        except ValueError as error:
            raise EvaluationFailed(f"The values are nested more than {MAX_DEPTH} deep, or hold NUL.") from error
        self.key = tuple(self.scope.items())
        self.activation = variables.plain.Activation(given)


class Expression:
    """A compiled expression; made by `compile`."""

    def __init__(self, program: cel.Expression, variables: Variables, result: Kind) -> None:
        self._program = program
        self._variables = variables
        self._result = result
        serialized = program.serialize()
        self._cost = cel_cost.Estimate(serialized)
        self._serialized = serialized

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The values that it names."""
        return cel_paths.paths(self._serialized)

    def evaluate(self, values: Mapping[str, Any] | Bindings) -> Any:
        """The result as JSON: times in RFC 3339, durations like "1.5s", bytes in base64. Raises EvaluationFailed."""
        bindings = values if isinstance(values, Bindings) else self._variables.bind(values)
        if not self._cost.fits(bindings.scope, bindings.key):
            raise EvaluationFailed("The expression would do too much work on values of this size.")
        try:
            value = self._program.eval(bindings.activation)
        except (RuntimeError, ValueError) as error:
            raise EvaluationFailed(_sentence(str(error))) from error
        kind = value.type()
        if kind == cel.Type.ERROR:
            raise EvaluationFailed(_sentence(str(value.plain_value())))
        if self._result is not Kind.JSON and kind != self._result.value:
            raise EvaluationFailed(f"The expression gave {kind.name().lower()}, not {self._result.name.lower()}.")
        return as_json(value.plain_value())


@lru_cache(maxsize=4096)
def compile(text: str, *, variables: Variables, result: Kind = Kind.JSON) -> Expression:  # noqa: A001
    """The expression of `text`, which gives `result`. Raises ExpressionInvalid."""
    check(text, variables=variables, result=result)
    return compile_unchecked(text, variables=variables, result=result)


def check(text: str, *, variables: Variables, result: Kind = Kind.JSON) -> cel.Type:
    """The type of what `text` gives, which fits `result`. Raises ExpressionInvalid."""
    kind = _compiled(text, variables.checked).return_type()
    if result is not Kind.JSON and kind not in (result.value, cel.Type.DYN):
        raise ExpressionInvalid(f"The expression gives {kind.name().lower()}, but must give {result.name.lower()}.")
    return kind


def compile_unchecked(text: str, *, variables: Variables, result: Kind = Kind.JSON) -> Expression:
    """The expression of `text`, whose types nobody looked at; it may fail for every value. Raises ExpressionInvalid."""
    try:
        return Expression(_compiled(text, variables.plain), variables, result)
    except cel_cost.TooComplex as error:
        raise ExpressionInvalid(str(error)) from error


def _compiled(text: str, env: cel.Env) -> cel.Expression:
    if not text.strip() or len(text) > MAX_TEXT or "\0" in text:
        raise ExpressionInvalid(f"Write an expression of 1 to {MAX_TEXT} characters.")
    try:
        return env.compile(text)
    except (RuntimeError, ValueError) as error:
        raise _invalid(str(error)) from error


def load(text: str) -> Any:
    """The value of JSON `text`; whole numbers that 64 bits do not hold become floating point. Raises ValueError."""
    return json.loads(text, parse_int=_number)


def _number(text: str) -> int | float:
    # Python refuses to read more than 4300 digits as a whole number, and CEL has no more than 64 bits.
    value = float(text) if len(text) > 20 else int(text)  # noqa: PLR2004 - the digits of 64 bits and a sign
    return value if isinstance(value, float) or value in _INT64 else float(value)


def time_of(value: str | datetime) -> timestamp_pb2.Timestamp:
    """A time as expressions take it. Raises EvaluationFailed when the text is not RFC 3339."""
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromDatetime(value if isinstance(value, datetime) else datetime.fromisoformat(value))
    except ValueError as error:
        raise EvaluationFailed("A time is not in RFC 3339.") from error
    return stamp


def _given(value: Any) -> Any:
    return time_of(value) if isinstance(value, datetime) else value


def as_json(value: Any) -> Any:
    """What CEL gives as JSON: times in RFC 3339, durations like "1.5s". Raises EvaluationFailed."""
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    match value:
        case list():
            return [as_json(item) for item in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: as_json(item) for key, item in value.items()}
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return f"{value.total_seconds():f}".rstrip("0").rstrip(".") + "s"
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
    raise EvaluationFailed("The result is not JSON: it holds a type, a key that is no string, or no finite number.")


class _Messages:
    """Message types for the checker, made from shapes."""

    def __init__(self) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(name="variables.proto", package=_PACKAGE, syntax="proto3")
        self._file.dependency.extend(("google/protobuf/timestamp.proto", "google/protobuf/struct.proto"))
        self._file.dependency.append("google/protobuf/wrappers.proto")

    def type_of(self, name: str, shape: Shape) -> cel.Type:
        """The type of a variable; `name` is free for a message."""
        if isinstance(shape, Kind):
            return shape.value
        if isinstance(shape, ListOf):
            return cel.Type.List(self.type_of(name, shape.shape))
        message = self._file.message_type.add(name=name)
        # Names that differ only in spelling (a_b, aB) have one name in JSON, which nobody uses here.
        message.options.deprecated_legacy_json_field_conflicts = True
        for number, (field, inner) in enumerate(shape.items(), 1):
            options = {"json_name": f"_{number}", **self._options(f"{name}_{number}", inner)}
            message.field.append(_Field(name=field, number=number, **options))
        return cel.Type(f"{_PACKAGE}.{name}")

    def _options(self, name: str, shape: Shape) -> dict[str, Any]:
        if isinstance(shape, Kind):
            return _FIELDS[shape]
        if isinstance(shape, ListOf):
            inner = shape.shape
            # A message cannot hold a list of lists.
            options = _FIELDS[Kind.JSON] if isinstance(inner, ListOf) else self._options(name, inner)
            return {**options, "label": _Field.LABEL_REPEATED}
        self.type_of(name, shape)
        return {"type": _Field.TYPE_MESSAGE, "type_name": f".{_PACKAGE}.{name}"}

    def pool(self) -> descriptor_pool.DescriptorPool:
        """A pool of these types and what they build on."""
        pool = descriptor_pool.DescriptorPool()
        for known in (timestamp_pb2, struct_pb2, wrappers_pb2):
            pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(self._file.SerializeToString())
        return pool


def _invalid(text: str) -> ExpressionInvalid:
    found = [match for match in _FAULT.finditer(text) if int(match["line"]) > 0]
    if not found:
        return ExpressionInvalid("The expression is too long or nested too deep. Split it or make it shorter.")
    first, *others = ((_fault_of(match), int(match["line"]), int(match["column"])) for match in found)
    told = tuple(ExpressionInvalid(fault, line=line, column=column) for fault, line, column in others)
    return ExpressionInvalid(first[0], line=first[1], column=first[2], others=told)


def _fault_of(match: re.Match[str]) -> str:
    fault = re.sub(rf" in struct '{_PACKAGE}\.\w+'| \(in container ''\)| expecting {{.*", "", match["fault"])
    return _sentence(re.sub(r"wrapper\((\w+)\)", r"\1", fault))


def _sentence(text: str) -> str:
    text = re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", text).strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:300]}."
