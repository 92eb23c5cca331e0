"""Whether what expressions name is there where they stand, and has the types that they take it for."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from server.core import cel
from server.core.cel import ExpressionInvalid, Kind, Shape, Variables
from server.core.cel_paths import Path
from server.workflows.language import shapes
from server.workflows.language.building import StepKind
from server.workflows.language.expressions import NAMES, told
from server.workflows.language.faults import Fault
from server.workflows.language.sentences import did_you_mean, named
from server.workflows.language.sites import Frame, Site

_VIEW: Final = ("output", "status", "error")
_WHERE: Final = {
    "item": "foreach has it for its steps",
    "index": "foreach and while have it for their steps",
    "error": "the steps of on_failure have it",
    "event": "triggers by events and wait_event have it",
    "steps": "it is known once steps run",
    "input": "it is known once the trigger has made it",
    "execution": "it is known once steps run",
    "secrets": "steps have them",
}
_FIXED: Final[dict[str, Shape]] = {
    "trigger": {"kind": Kind.STRING, "id": Kind.STRING, "event": Kind.JSON, "time": Kind.TIME},
    "workspace": {"id": Kind.STRING, "slug": Kind.STRING, "name": Kind.STRING},
    "workflow": {"id": Kind.STRING, "name": Kind.STRING, "version": Kind.INT},
    "execution": {"id": Kind.STRING, "create_time": Kind.TIME},
    "error": {"step": Kind.STRING, "code": Kind.STRING, "message": Kind.STRING, "details": Kind.JSON},
    "event": {
        **dict.fromkeys(("id", "type", "subject", "workspace_id", "actor", "ordering_key"), Kind.STRING),
        **dict.fromkeys(("time", "create_time"), Kind.TIME),
        "sequence": Kind.INT,
        "data": Kind.JSON,
        "channels": cel.ListOf(Kind.STRING),
    },
    "secrets": Kind.JSON,
    "item": Kind.JSON,
    "index": Kind.INT,
}
_NUMBERS: Final = " A number may be whole or not: write double(…) around it."
_KINDS: Final = (Kind.JSON, Kind.DOUBLE, Kind.INT)
#: When expressions run, numbers of both kinds are compared.
_COMPARED: Final = re.compile(r"'_(==|!=|<|<=|>|>=)_' applied to '\((double|int), (double|int)\)'")
#: A definition cannot make us build types for long; what would need more is checked without them.
_MOST_ENVIRONMENTS: Final = 24
_ANYTHING: Final = Variables(dict.fromkeys(NAMES, Kind.JSON))
_Place = tuple[str, ...]


class Naming:
    """Checks the expressions of one definition."""

    def __init__(
        self, input_schema: Mapping[str, Any] | None, frames: Sequence[Frame], types: Mapping[str, StepKind]
    ) -> None:
        self._homes = {id_: (frame, node) for frame in frames for id_, node in frame.nodes.items()}
        # A number of JSON may be whole or not, which are two types here: an expression has to work with both.
        self._shapes: dict[Kind, dict[str, Shape]] = {
            number: {**_FIXED, "input": _input(input_schema, number), "steps": self._steps(types, number)}
            for number in _KINDS
        }
        self._environments: dict[tuple[Kind, frozenset[_Place]], Variables] = {}

    def faults(self, site: Site) -> Iterator[Fault]:
        """What is wrong with the expression at one site."""
        found = [fault for path in site.expression.paths for fault in self._named(path, site)]
        yield from found
        if not found:
            yield from self._typed(site)

    def _steps(self, types: Mapping[str, StepKind], number: Kind) -> dict[str, Shape]:
        # An id that is no name has a fault of its own, and cannot be that of a field.
        named = {id_: node for id_, (_, node) in self._homes.items() if shapes.is_name(id_)}
        return {id_: _view(types.get(node.step.type), number) for id_, node in named.items()}

    def _named(self, path: Path, site: Site) -> Iterator[Fault]:
        variable, *rest = path.names
        if variable not in site.place.variables:
            where = f"; {_WHERE[variable]}" if variable in _WHERE else ""
            yield _fault(site, path, f"There is no {variable} here{where}.")
        elif variable == "steps" and (text := self._step(rest, site)):
            yield _fault(site, path, text)
        elif variable == "secrets" and not rest:
            yield _fault(site, path, "Name one secret, as in secrets.api_key.")
        elif path.dotted > 1:
            yield from self._field(path, site)

    def _step(self, rest: list[str], site: Site) -> str:
        """What is wrong with `steps.…`; empty when nothing is."""
        if not rest:
            return "Name a step, as in steps.charge.output."
        step, frame = rest[0], site.place.frame
        if step not in self._homes:
            return f"There is no step {step}.{did_you_mean(step, self._homes)}"
        if step not in site.place.visible():
            return self._unseen(step, frame, site.place.step)
        if len(rest) > 1 and rest[1] not in _VIEW:
            return f"A step has {', '.join(_VIEW)}, but no {rest[1]}."
        return ""

    def _unseen(self, step: str, frame: Frame | None, here: str | None) -> str:
        home, _ = self._homes[step]
        around = [] if frame is None else [frame, *(outer for outer, _ in frame.chain())]
        if home not in around:
            owners = [owner for outer, owner in home.chain() if outer in around and owner]
            if owners:
                return f"Name steps.{owners[0]}.output instead; {step} is inside of it."
            return f"Name another step; {step} is not seen from here."
        if step == here or any(owner == step for outer in around[:1] for _, owner in outer.chain()):
            return f"Name another step; {step} has not ended by now."
        return f"Add {step} to needs; it may not have ended by now."

    def _field(self, path: Path, site: Site) -> Iterator[Fault]:
        shape: Shape | None = self._shapes[Kind.JSON].get(path.names[0])
        for position, name in enumerate(path.names[1 : path.dotted], 1):
            if not isinstance(shape, Mapping):
                return
            if name not in shape:
                holder = ".".join(path.names[:position])
                add = " Add it to input_schema, or name another." if holder == "input" else ""
                yield _fault(site, path, f"There is no {name} in {holder}.{did_you_mean(name, shape) or add}")
                return
            shape = shape[name]

    def _typed(self, site: Site) -> Iterator[Fault]:
        expression = site.expression
        try:
            type_ = cel.check(expression.text, variables=self._environment(Kind.JSON, expression.paths)).name()
        except ExpressionInvalid as error:
            yield _at(site, error.line, error.column, told(error.fault))
            return
        if not shapes.fits(type_, site.types):
            given = named(shapes.json_types(type_)[:1])
            yield _at(site, 1, 1, f"Let it give {named(site.types)}; it gives {given}.")
        found = []
        if any(self._has_numbers(path) for path in expression.paths):
            kinds = [self._environment(number, expression.paths) for number in _KINDS[1:]]
            found = [_of_numbers(expression.text, variables) for variables in kinds]
        first = next((error for error in found if error), None)
        if first is not None:
            hint = "" if all(found) else _NUMBERS
            yield _at(site, first.line, first.column, f"{told(first.fault)}{hint}")

    def _has_numbers(self, path: Path) -> bool:
        # An environment takes milliseconds to make, and most expressions name no number.
        one, other = (shapes.at(self._shapes[number], path.names) for number in _KINDS[1:])
        return one != other

    def _environment(self, number: Kind, paths: Sequence[Path]) -> Variables:
        """Variables for an expression that names `paths`.

        A record of known fields is not compared, indexed or passed on as a whole; where one is, it may be anything.
        """
        shape = self._shapes[number]
        whole = frozenset(
            path.names[: path.dotted]
            for path in paths
            if isinstance(shapes.at(shape, path.names[: path.dotted]), Mapping) or path.dotted < len(path.names)
        )
        key = number, whole
        if key not in self._environments and len(self._environments) == _MOST_ENVIRONMENTS:
            return _ANYTHING
        if key not in self._environments:
            for names in whole:
                shape = _without(shape, names)
            self._environments[key] = Variables(shape)
        return self._environments[key]


def _of_numbers(text: str, variables: Variables) -> ExpressionInvalid | None:
    """What is wrong with an expression when numbers are of one kind."""
    try:
        cel.check(text, variables=variables)
    except ExpressionInvalid as error:
        return next((each for each in (error, *error.others) if not _COMPARED.search(each.fault)), None)
    return None


def _without(shape: Mapping[str, Shape], names: _Place) -> dict[str, Shape]:
    return {**shape, names[0]: shapes.without(shape[names[0]], names[1:])}


def _input(schema: Mapping[str, Any] | None, number: Kind) -> Shape:
    return Kind.JSON if schema is None else shapes.of_schema({"type": "object", **schema}, number=number)


def _view(kind: StepKind | None, number: Kind) -> Shape:
    schema = None if kind is None else kind.output_schema
    return {"output": shapes.of_schema(schema, number=number), "status": Kind.STRING, "error": Kind.JSON}


def _fault(site: Site, path: Path, text: str) -> Fault:
    return _at(site, path.line, path.column, text)


def _at(site: Site, line: int, column: int, text: str) -> Fault:
    """The fault, where it stands in the string that holds the expression."""
    if line == 1:
        column += site.column - 1
    return Fault(site.expression.pointer, text, line + site.line - 1, column)
