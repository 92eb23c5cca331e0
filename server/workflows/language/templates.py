"""Templates: JSON with expressions in its strings.

`${cel}` alone is the expression's value with its type; within other text it is text, where anything but a string is
written as JSON. `$${` is `${` itself. Keys are never templates.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from server.core import structs
from server.core.cel import ExpressionInvalid
from server.events.schemas import pointer as pointer_of
from server.workflows.language.expressions import Expression, picked, tree_of

#: An expression, the line and column where it begins in its string, and whether the string is nothing but it.
Found = tuple[Expression, tuple[int, int], bool]
_Make = Callable[[Mapping[str, Any]], Any]


class Template:
    """Compiled JSON. `found` are the expressions in it."""

    __slots__ = ("_make", "_plain", "_source", "found")

    def __init__(self, source: Any, plain: Any, make: _Make | None, found: tuple[Found, ...]) -> None:
        self._source = source
        self._plain = plain
        self._make = make
        self.found = found

    @property
    def text(self) -> str:
        """It as JSON, as written."""
        return structs.dumps(self._source)

    @property
    def is_constant(self) -> bool:
        """Whether there is no expression in it."""
        return self._make is None

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The JSON; what has no expression in it is shared, so do not change it. Raises ExpressionFailed."""
        return self._plain if self._make is None else self._make(values)

    def needed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of `values` only what it names; evaluating it with these gives the same."""
        return picked(tree_of(path for expression, *_ in self.found for path in expression.paths), values)


class Compiler:
    """Compiles templates. Of what is wrong with them `tell` is told, with the pointer."""

    def __init__(self, tell: Callable[[str, ExpressionInvalid], None]) -> None:
        self._tell = tell

    def template(self, value: Any, pointer: str) -> Template:
        """The template of JSON `value`. What is wrong is told, and left out."""
        found: list[Found] = []
        plain, make = self._part(value, pointer, found)
        return Template(value, plain, make, tuple(found))

    def object(self, fields: Mapping[str, Any], pointer: str, constants: Mapping[str, Any]) -> Template:
        """The template of an object, with `constants` beside its fields."""
        found: list[Found] = []
        made = self._fields(fields, pointer, found)
        plain, make = _object({**made, **{name: (value, None) for name, value in constants.items()}})
        return Template({**fields, **constants}, plain, make, tuple(found))

    def _fields(
        self, fields: Mapping[str, Any], pointer: str, found: list[Found]
    ) -> dict[str, tuple[Any, _Make | None]]:
        return {key: self._part(value, pointer + pointer_of([key]), found) for key, value in fields.items()}

    def _part(self, value: Any, pointer: str, found: list[Found]) -> tuple[Any, _Make | None]:
        """`value` with its escapes undone when it is constant, and how to make it when it is not."""
        match value:
            case str() if "${" in value:
                return self._string(value, pointer, found)
            case Mapping():
                return _object(self._fields(value, pointer, found))
            case list():
                return _list([self._part(v, f"{pointer}/{i}", found) for i, v in enumerate(value)])
        return value, None

    def _string(self, text: str, pointer: str, found: list[Found]) -> tuple[Any, _Make | None]:
        parts: list[str | Expression] = []
        try:
            for part, is_expression, line, column in split(text):
                if not is_expression:
                    parts.append(part)
                    continue
                try:
                    expression = Expression(part, pointer)
                except ExpressionInvalid as error:
                    raise moved(error, line, column) from error
                parts.append(expression)
                found.append((expression, (line, column), len(part) + 3 == len(text)))
        except ExpressionInvalid as error:
            self._tell(pointer, error)
            return "", None
        if len(parts) == 1:
            only = parts[0]
            return (None, only.evaluate) if isinstance(only, Expression) else (only, None)
        return None, lambda values: "".join(
            part if isinstance(part, str) else as_text(part.evaluate(values)) for part in parts
        )


def as_text(value: Any) -> str:
    """How a value stands within text."""
    return value if isinstance(value, str) else structs.dumps(value)


def split(text: str) -> Iterator[tuple[str, bool, int, int]]:
    """The parts of a template: text or expression, whether it is one, and the line and column that it begins at.

    Neighbouring texts are one. Raises ExpressionInvalid where an expression has no end.
    """
    plain, position = "", 0
    while (start := text.find("${", position)) >= 0:
        if start and text[start - 1] == "$":
            plain += text[position : start - 1] + "${"
            position = start + 2
            continue
        plain += text[position:start]
        if plain:
            yield plain, False, 1, 1
        plain = ""
        end = _end(text, start + 2)
        line = text.count("\n", 0, start + 2)
        column = start + 2 - (text.rfind("\n", 0, start + 2) + 1)
        if end < 0:
            raise ExpressionInvalid("Close the expression with }.", line=line + 1, column=column - 1)
        yield text[start + 2 : end], True, line + 1, column + 1
        position = end + 1
    plain += text[position:]
    if plain:
        yield plain, False, 1, 1


def _end(text: str, position: int) -> int:
    """Where the `}` is that closes an expression, whose texts and maps may hold others; -1 when there is none."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character in "\"'":
            position = _after_string(text, position)
            continue
        if character == "}":
            if not depth:
                return position
            depth -= 1
        depth += character == "{"
        position += 1
    return -1


def _after_string(text: str, start: int) -> int:
    """The position after a CEL string; raw ones (r"…") know no escapes."""
    quote = text[start] * 3 if text.startswith(text[start] * 3, start) else text[start]
    is_raw = bool(start) and text[start - 1] in "rR"
    position = start + len(quote)
    while position < len(text):
        if text.startswith(quote, position):
            return position + len(quote)
        position += 1 if is_raw or text[position] != "\\" else 2
    return len(text)


def moved(error: ExpressionInvalid, line: int, column: int) -> ExpressionInvalid:
    """The fault where it stands in the whole text."""
    first = error.line == 1
    return ExpressionInvalid(
        error.fault, line=error.line + line - 1, column=error.column + column - 1 if first else error.column
    )


def _object(items: Mapping[str, tuple[Any, _Make | None]]) -> tuple[Any, _Make | None]:
    fixed = {key: plain for key, (plain, _) in items.items()}
    makes = [(key, make) for key, (_, make) in items.items() if make is not None]
    if not makes:
        return fixed, None
    return None, lambda values: {**fixed, **{key: make(values) for key, make in makes}}


def _list(items: list[tuple[Any, _Make | None]]) -> tuple[Any, _Make | None]:
    if all(make is None for _, make in items):
        return [plain for plain, _ in items], None
    return None, lambda values: [plain if make is None else make(values) for plain, make in items]
