"""Which values an expression names, and where: `steps.charge.output` or `input["total"]`, told from its shape.

Who evaluates it then needs to hand over only these, however much else there is.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

# The fields of cel.expr.Expr (cel-spec, proto/cel/expr/syntax.proto), by number.
_ID: Final = 2
_CONSTANT: Final = 3
_NAME: Final = 4
_SELECT: Final = 5
_CALL: Final = 6
_LIST: Final = 7
_STRUCT: Final = 8
_LOOP: Final = 9


@dataclass(frozen=True, slots=True)
class Path:
    """A variable and the names of fields after it. `line` and `column` of its beginning count from 1.

    `dotted` counts the names before the first one that stands in brackets. `is_whole` says that the expression is
    nothing but this path.
    """

    names: tuple[str, ...]
    dotted: int
    line: int
    column: int
    is_whole: bool = False

    def __str__(self) -> str:
        return ".".join(self.names)


def paths(serialized: bytes) -> tuple[Path, ...]:
    """Every path of an expression, serialized as cel.expr.CheckedExpr, in order; variables of loops are left out."""
    checked = _Part(Packed.FromString(serialized).value)
    source = _Source(checked.one(5))
    root = checked.one(4)
    found = []
    for names, dotted, number, part in _walk(root, frozenset()):
        line, column = source.place(number)
        found.append(Path(names, dotted, line, column, is_whole=part is root and not part.one(_SELECT).number(3)))
    return tuple(found)


_Found = tuple[tuple[str, ...], int, int, "_Part"]


class _Part:
    """A message whose class is not here, by the numbers of its fields."""

    __slots__ = ("_fields",)

    def __init__(self, data: bytes) -> None:
        fields = UnknownFieldSet(Empty.FromString(data))
        self._fields = [(fields[i].field_number, fields[i].data) for i in range(len(fields))]

    def has(self, number: int) -> bool:
        return any(known == number for known, _ in self._fields)

    def all(self, number: int) -> "list[_Part]":
        return [_Part(data) for known, data in self._fields if known == number]

    def one(self, number: int) -> "_Part":
        return next(iter(self.all(number)), _NONE)

    def text(self, number: int) -> str:
        return next((data.decode() for known, data in self._fields if known == number), "")

    def number(self, number: int) -> int:
        return next((data for known, data in self._fields if known == number), 0)

    def packed(self, number: int) -> list[int]:
        return list(_varints(next((data for known, data in self._fields if known == number), b"")))


_NONE: Final = _Part(b"")


class _Source:
    """Where each part stands in the text."""

    def __init__(self, source: _Part) -> None:
        self._offsets = {entry.number(1): entry.number(2) for entry in source.all(4)}
        self._ends = source.packed(3)

    def place(self, number: int) -> tuple[int, int]:
        offset = self._offsets.get(number, 0)
        line = bisect_right(self._ends, offset)
        return line + 1, offset - (self._ends[line - 1] if line else 0) + 1


def _varints(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
            yield value
            value = shift = 0


def _walk(part: _Part, loops: frozenset[str]) -> Iterator[_Found]:
    path = _path(part)
    if path is not None:
        names, dotted, number = path
        if names[0] not in loops:
            yield names, dotted, number, part
    elif part.has(_LOOP):
        yield from _walk_loop(part.one(_LOOP), loops)
    else:
        for inner in _inner(part):
            yield from _walk(inner, loops)


def _inner(part: _Part) -> list[_Part]:
    call = part.one(_CALL)
    sides = [side for entry in part.one(_STRUCT).all(2) for side in (*entry.all(3), *entry.all(4))]
    return [*part.one(_SELECT).all(1), *call.all(1), *call.all(3), *part.one(_LIST).all(1), *sides]


def _walk_loop(loop: _Part, loops: frozenset[str]) -> Iterator[_Found]:
    yield from _walk(loop.one(2), loops)
    yield from _walk(loop.one(4), loops)
    inside = loops | {loop.text(1), loop.text(3), loop.text(8)}
    for number in (5, 6, 7):
        yield from _walk(loop.one(number), inside)


def _path(part: _Part) -> tuple[tuple[str, ...], int, int] | None:
    """The names of a path, how many are dotted, and the number of the part that it begins with; None for no path."""
    if part.has(_NAME):
        return (part.one(_NAME).text(1),), 1, part.number(_ID)
    is_dotted = part.has(_SELECT)
    if is_dotted:
        select = part.one(_SELECT)
        inner, name = _path(select.one(1)), select.text(2)
    elif part.has(_CALL) and part.one(_CALL).text(2) == "_[_]":
        of, index = part.one(_CALL).all(3)
        constant = index.one(_CONSTANT)
        inner, name = (_path(of), constant.text(6)) if constant.has(6) else (None, "")
    else:
        return None
    if inner is None:
        return None
    names, dotted, number = inner
    return (*names, name), dotted + (is_dotted and dotted == len(names)), number
