"""What an expression can cost at most, told from its shape before it runs.

CEL ends always, but may copy without bound: `map` over `map`, strings added to themselves. Each part of an expression
gets an upper bound of the work it does and of the extent of its value, written out; both grow with the extent of the
variables' values. One unit of work is about ten nanoseconds, one unit of size a byte or an element.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

#: About 50 ms and 5 MB: nobody's expression holds up a process that sends for many.
BUDGET: Final = 5_000_000
#: Loops inside of loops; the estimate of each looks at the inner ones three times.
MAX_NESTING: Final = 4

_STEP: Final = 10
#: `map` and `filter` copy the list so far for each element they add (measured: 45 ns for each element copied).
_COPIED: Final = 5
_SHORT: Final = 32
#: Lists and maps of so many elements are remembered when they are measured, a few at a time.
_LARGE: Final = 128
_recent: Final[list["tuple[Any, int, Extent] | None"]] = [None] * 16
_PREDICATES: Final = frozenset(
    {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "@in", "@not_strictly_false", "size", "type"}
    | {"contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "bool", "timestamp", "duration"}
)
_PRODUCTS: Final = frozenset({"matches", "contains"})
#: Look at no more than they return of a part, or at nothing.
_FREE: Final = frozenset({"_[_]", "_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false", "size", "type"})
_TEXTS: Final = frozenset({"string", "bytes"})


class TooComplex(Exception):
    """No values are small enough for the expression. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class Extent:
    """An upper bound of a value: its size written out, and the elements of its longest list, map or string."""

    size: float
    count: float

    def __add__(self, other: "Extent") -> "Extent":
        return Extent(self.size + other.size, self.count + other.count)


@dataclass(frozen=True, slots=True)
class _Bound:
    value: Extent
    work: float


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str
    names: tuple[str, ...] = ()
    size: int = 1
    parts: tuple["_Node", ...] = ()


_NOTHING: Final = Extent(0, 0)
_SCALAR: Final = Extent(8, 0)
#: The extents of values by path: "event.type", or a loop's variable.
Scope = Mapping[str, Extent]


class Estimate:
    """Tells whether an expression, serialized as cel.expr.CheckedExpr, fits into the budget. Raises TooComplex."""

    def __init__(self, serialized: bytes) -> None:
        self._root = _expression(_one(Packed.FromString(serialized).value, 4))
        self._known: dict[Hashable, bool] = {}
        if _nesting(self._root) > MAX_NESTING:
            raise TooComplex(f"Loops may be nested {MAX_NESTING} deep. Make the expression simpler.")
        if not self._within({}):
            raise TooComplex("The expression would do too much work on any value. Make it simpler.")

    def fits(self, scope: Scope, key: Hashable) -> bool:
        """Whether the work on values of these extents is within the budget; scopes of one `key` share an answer."""
        known = self._known.get(key)
        if known is None:
            known = self._within(scope)
            if len(self._known) < 1024:  # noqa: PLR2004 - more kinds than an endpoint ever sees
                self._known[key] = known
        return known

    def _within(self, scope: Scope) -> bool:
        bound = _bound(self._root, scope)
        return bound.work + bound.value.size <= BUDGET


def rounded(value: Any, deepest: int) -> Extent:
    """The extent of `value`, rounded up to powers of two, so that values of one kind share it. Raises ValueError."""
    extent = measured(value, deepest)
    return Extent(_power(extent.size), _power(extent.count))


def _power(number: float) -> float:
    return float(2 ** int(number).bit_length()) if number else 0.0


def measured(value: Any, deepest: int) -> Extent:
    """The extent of JSON `value`, which nobody changes. Raises ValueError when nested deeper than `deepest`, or NUL."""
    if isinstance(value, str):
        _require_whole(value)
        return Extent(len(value) + 1, len(value))
    if isinstance(value, dict):
        items: Any = value.values()
        keys = "".join(value)
        _require_whole(keys)
        size = float(len(keys))
    elif isinstance(value, list):
        items, size = value, 0.0
    else:
        return _SCALAR
    if not deepest:
        raise ValueError("nested too deep")
    if len(value) < _LARGE:
        return _summed(items, size, len(value), deepest)
    # A loop asks for the same large value with each item, and measuring takes most of an evaluation's time.
    slot = (id(value) >> 4) % len(_recent)
    recent = _recent[slot]
    if recent is not None and recent[0] is value and recent[1] == deepest:
        return recent[2]
    extent = _summed(items, size, len(value), deepest)
    _recent[slot] = (value, deepest, extent)
    return extent


def _summed(items: Iterable[Any], size: float, length: int, deepest: int) -> Extent:
    count = float(length)
    size += count + 1
    for item in items:
        extent = measured(item, deepest - 1)
        size += extent.size
        count = max(count, extent.count)
    return Extent(size, count)


def _require_whole(text: str) -> None:
    # cel-expr-python takes a text for its part before a NUL.
    if "\0" in text:
        raise ValueError("a text holds NUL")


def _bound(node: _Node, scope: Scope) -> _Bound:
    if node.kind == "const":
        return _Bound(Extent(node.size, node.size), 0)
    if node.kind == "name" or (node.kind == "field" and node.names[0] in scope):
        return _Bound(_looked_up(node.names[0], scope), _STEP)
    if node.kind == "loop":
        return _loop(node, scope)
    parts = [_bound(part, scope) for part in node.parts]
    work = _STEP + sum(part.work for part in parts)
    if node.kind == "call":
        return _call(node, [part.value for part in parts], work)
    if node.kind == "list":
        size = 1 + len(parts) + sum(part.value.size for part in parts)
        return _Bound(Extent(size, max([len(parts), *(part.value.count for part in parts)])), work)
    # A field of a value is at most the value.
    return _Bound(parts[0].value, work)


def _looked_up(path: str, scope: Scope) -> Extent:
    fields = (extent for name, extent in scope.items() if name.startswith(f"{path}."))
    return scope.get(path) or sum(fields, _NOTHING)


def _call(node: _Node, values: list[Extent], work: float) -> _Bound:
    name = node.names[0]
    whole = sum(values, _NOTHING)
    if name == "_[_]":
        return _Bound(values[0], work)
    if name in _PRODUCTS and len(values) > 1:
        work += values[0].size * (1 + values[1].size)
    elif name not in _FREE:
        work += whole.size
    if name in _PREDICATES:
        return _Bound(_SCALAR, work)
    return _Bound(Extent(whole.size + _SHORT, whole.count + _SHORT) if name in _TEXTS else whole, work)


def _loop(node: _Node, scope: Scope) -> _Bound:
    variable, result = node.names
    over, start, condition, step, end = node.parts
    of, initial = _bound(over, scope), _bound(start, scope)
    times = of.value.count

    def turn(size: float, count: float) -> tuple[float, float, float]:
        # The result so far counts as nothing: macros only add to it, so what is left is what one turn adds.
        inside = {**scope, variable: Extent(size, count), result: _NOTHING}
        added, asked = _bound(step, inside), _bound(condition, inside)
        return added.value.size, added.work + asked.work + _STEP, added.value.count

    # Bounds grow at least in proportion to the extent of an element, so that the sum over elements is greatest when one
    # of them is everything; or each is as large as the whole is. Both hold, and the lesser counts.
    least, one, each = turn(0, 0), turn(of.value.size, of.value.size), turn(of.value.size, of.value.count)
    size, work = (min(times * each[i], times * least[i] + one[i] - least[i]) for i in (0, 1))
    if start.kind == "list":
        work += _COPIED * times * times / 2
    value = Extent(initial.value.size + size, max(times, each[2], initial.value.count))
    last = _bound(end, {**scope, result: value})
    return _Bound(last.value, of.work + initial.work + work + last.work)


def _nesting(node: _Node) -> int:
    if node.kind != "loop":
        return max((_nesting(part) for part in node.parts), default=0)
    over, *inside = node.parts
    return max(_nesting(over), 1 + max(_nesting(part) for part in inside))


# The parts of cel.expr.Expr (cel-spec, proto/cel/expr/syntax.proto), by the numbers of their fields.


def _expression(data: bytes) -> _Node:
    for number, make in _KINDS.items():
        for part in _all(data, number):
            return make(part)
    raise TooComplex("The expression holds a part that is not known here.")


def _literal(data: bytes) -> _Node:
    return _Node("const", size=len(data))


def _name(data: bytes) -> _Node:
    return _Node("name", (_text(data, 1),))


def _select(data: bytes) -> _Node:
    operand = _expression(_one(data, 1))
    if operand.kind == "name":
        # `event.type` has an extent of its own; a field of a loop's variable has not, and the variable's counts.
        return _Node("field", (f"{operand.names[0]}.{_text(data, 2)}",), parts=(operand,))
    return _Node("part", parts=(operand,))


def _function(data: bytes) -> _Node:
    return _Node("call", (_text(data, 2),), parts=tuple(map(_expression, [*_all(data, 1), *_all(data, 3)])))


def _list(data: bytes) -> _Node:
    return _Node("list", parts=tuple(map(_expression, _all(data, 1))))


def _struct(data: bytes) -> _Node:
    sides = [side for entry in _all(data, 2) for side in (*_all(entry, 3), *_all(entry, 4))]
    return _Node("list", parts=tuple(map(_expression, sides)))


def _comprehension(data: bytes) -> _Node:
    return _Node(
        "loop",
        (_text(data, 1), _text(data, 3)),
        parts=tuple(_expression(_one(data, number)) for number in (2, 4, 5, 6, 7)),
    )


_KINDS: Final[Mapping[int, Callable[[bytes], _Node]]] = {
    3: _literal,
    4: _name,
    5: _select,
    6: _function,
    7: _list,
    8: _struct,
    9: _comprehension,
}


def _all(data: bytes, number: int) -> list[bytes]:
    fields = UnknownFieldSet(Empty.FromString(data))
    return [fields[i].data for i in range(len(fields)) if fields[i].field_number == number]


def _one(data: bytes, number: int) -> bytes:
    return next(iter(_all(data, number)), b"")


def _text(data: bytes, number: int) -> str:
    return _one(data, number).decode()
