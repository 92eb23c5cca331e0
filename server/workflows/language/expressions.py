"""Expressions of definitions: CEL over the variables of an execution, compiled once and evaluated often.

An execution's variables may be megabytes, and an expression names a few of them. So only what it names is handed to
CEL, and one that is nothing but a path (`steps.charge.output.id`) is looked up without it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from server.core import cel
from server.core.cel import EvaluationFailed, Kind, Variables
from server.core.cel_paths import Path
from server.workflows.language import masking
from server.workflows.language.faults import ExpressionFailed, Failure

#: Every variable that there is. Which of them an expression may name where is checked when a definition is saved.
NAMES: Final = (
    *("input", "steps", "trigger", "workspace", "workflow", "execution"),
    *("secrets", "item", "index", "error", "event"),
)
_ANYTHING: Final = Variables(dict.fromkeys(NAMES, Kind.JSON))
#: Values that CEL gets as times; everywhere else a time is its text in RFC 3339.
TIMES: Final = frozenset(
    {("trigger", "time"), ("execution", "create_time"), ("event", "time"), ("event", "create_time")}
)

#: The variables that hold them.
_TIMED: Final = frozenset(variable for variable, _ in TIMES)
_NO_KEY: Final = re.compile(r'Key not found in map : "(.*)"', re.DOTALL)
_NO_OVERLOAD: Final = re.compile(
    r"(?:No matching overloads found : |Found no matching overload for ')([^(']+)(?:' applied to ')?\(?(.*?)\)?'?\.?$"
)
_UNDECLARED: Final = re.compile(r"Undeclared reference to '(\w+)[\w.]*'")
_SENTENCES: Final = {
    "Applying SELECT to non-message": "A part of a path is null or no object.",
    "Non-CEL value": "A value is no JSON.",
    "Basic_string": "A text is no valid Unicode.",
    "Integer value": "A whole number has more than 64 bits.",
}

Tree = dict[str, "Tree | None"]


class Expression:
    """One CEL expression. `pointer` is where it stands in the definition."""

    __slots__ = ("_has_times", "_program", "_route", "_tree", "paths", "pointer", "text")

    def __init__(self, text: str, pointer: str = "", *, result: Kind = Kind.JSON) -> None:
        """Raises cel.ExpressionInvalid."""
        self.text = text
        self.pointer = pointer
        self._program = _program(text, result)
        self.paths: tuple[Path, ...] = self._program.paths
        self._tree = tree_of(self.paths)
        self._has_times = not _TIMED.isdisjoint(self._tree)
        is_route = result is Kind.JSON and len(self.paths) == 1 and self.paths[0].is_whole
        self._route = self.paths[0].names if is_route else None

    @property
    def references(self) -> frozenset[str]:
        """What it names: `input.total`, `steps.charge.output`, `secrets.token`, each as written."""
        return frozenset(map(str, self.paths))

    def needed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of `values` only what it names; evaluating it with these gives the same."""
        return picked(self._tree, values)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Its value as JSON; `values` are the variables by name. Raises ExpressionFailed."""
        try:
            if self._route is not None:
                return _with_texts(self._route[0], _looked_up(self._route, values))
            named = picked(self._tree, values)
            return self._program.evaluate(_with_times(named, self._tree) if self._has_times else named)
        except EvaluationFailed as error:
            raise self.failed(self._sentence(str(error)), values) from None

    def _sentence(self, fault: str) -> str:
        """What CEL says, without values: what it quotes may be a secret."""
        if key := _NO_KEY.match(fault):
            is_written = any(key[1] in path.names for path in self.paths)
            return f"There is no {key[1]}." if is_written else "There is no such key."
        return told(fault)

    def failed(self, fault: str, values: Mapping[str, Any]) -> ExpressionFailed:
        """The error that says that it has no value, with the values that it names and no secret."""
        mask = masking.Mask(values.get("secrets") or {})
        named = {
            str(path): mask.shortened(_found(path.names, values)) for path in self.paths if path.names[0] in values
        }
        return ExpressionFailed(Failure(mask.text(self.text), self.pointer, mask.text(fault), named))


def told(fault: str) -> str:
    """What CEL finds wrong, in our words where it speaks in those of its machine."""
    if types := _NO_OVERLOAD.match(fault):
        of = types[2].replace("int64", "int").replace(".(", ", ").strip("()")
        return f"There is no {types[1].strip('_')} for ({of}); convert with double(…), int(…) or string(…)."
    if name := _UNDECLARED.match(fault):
        near = get_close_matches(name[1], NAMES, n=1)
        return f"There is no {name[1]} here." + (f" Did you mean {near[0]}?" if near else "")
    return next((sentence for start, sentence in _SENTENCES.items() if fault.startswith(start)), fault)


@lru_cache(maxsize=4096)
def _program(text: str, result: Kind) -> cel.Expression:
    return cel.compile_unchecked(text, variables=_ANYTHING, result=result)


def tree_of(paths: Iterable[Path]) -> Tree:
    """What the paths name together: None is all that is there."""
    tree: Tree = {}
    for path in paths:
        node = tree
        for name in path.names[:-1]:
            inner = node.setdefault(name, {})
            if inner is None:
                break
            node = inner
        else:
            node[path.names[-1]] = None
    return tree


def picked(tree: Tree, value: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `value` that the tree names."""
    found = {}
    for name, inner in tree.items():
        if name in value:
            part = value[name]
            found[name] = part if inner is None or not isinstance(part, Mapping) else picked(inner, part)
    return found


def _looked_up(names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    value: Any = values
    for position, name in enumerate(names):
        if not isinstance(value, Mapping):
            kind = "null" if value is None else "no object"
            raise EvaluationFailed(f"{'.'.join(names[:position])} is {kind}, so it has no {name}.")
        if name not in value:
            raise EvaluationFailed(
                f"{'.'.join(names[:position])} has no {name}." if position else f"There is no {name} here."
            )
        value = value[name]
    return value


def _found(names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    try:
        return _looked_up(names, values)
    except EvaluationFailed:
        return None


def _with_texts(variable: str, value: Any) -> Any:
    """`value` as JSON, if it is or holds a time of the variable."""
    if isinstance(value, datetime):
        return cel.as_json(value)
    if variable in _TIMED and isinstance(value, Mapping):
        return {name: cel.as_json(field) if isinstance(field, datetime) else field for name, field in value.items()}
    return value


def _with_times(named: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """Times as CEL has them where they are named, and as text where their variable is named as a whole."""
    for variable in _TIMED & named.keys():
        fields = tree[variable]
        if fields is None or not isinstance(named[variable], Mapping):
            named[variable] = _with_texts(variable, named[variable])
            continue
        for field, value in named[variable].items():
            if (variable, field) in TIMES and isinstance(value, str | datetime):
                named[variable][field] = cel.time_of(value)
    return named
