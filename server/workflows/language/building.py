"""Turns the JSON of a definition into the objects that the engine reads.

It takes whatever it is given: what has the wrong form is left out, since `forms` tells of it. Faults of expressions,
durations and schedules are told here; `checking` looks at the rest.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from server.core.cel import ExpressionInvalid, Kind
from server.workflows.language import durations
from server.workflows.language.definition import (
    FAIL,
    GOTO,
    Branch,
    Concurrency,
    Definition,
    OnError,
    RateLimit,
    Retry,
    Scope,
    Step,
    Trigger,
)
from server.workflows.language.expressions import Expression, told
from server.workflows.language.faults import Fault
from server.workflows.language.sites import LOOP, RUNNING, START, Frame, Node, Place, Site
from server.workflows.language.templates import Compiler, Template

#: The kinds of triggers by the field that makes them.
TRIGGERS: Final = {"event": "EVENT", "schedule": "SCHEDULE", "webhook": "WEBHOOK", "workflow": "WORKFLOW"}
_RESULTS: Final = {"boolean": Kind.BOOL, "string": Kind.STRING, "integer": Kind.INT}
_BOOLEAN: Final = ("boolean",)
_PRIORITY: Final = 3
#: No duration is longer.
MAX_SECONDS: Final = 365 * 86400


class StepKind(Protocol):
    """What is read of a type of step; server.workflows.engine.step_types has the whole of it.

    Fields of `schema` with `"format": "cel"` are expressions. Beside it may stand `"x-result"` (the JSON type that it
    must give), `"x-variables"` (names that it sees besides the usual ones) and `"x-inside": true` (it sees the steps of
    the body, all of them ended). Of the whole: `"x-chooses": true` (its branches have `when`), `"x-fails": true` (it
    never succeeds).
    """

    @property
    def name(self) -> str:
        """Its word in `type`."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of `with`."""

    @property
    def output_schema(self) -> Mapping[str, Any]:
        """The JSON Schema of what it gives."""

    @property
    def has_body(self) -> bool:
        """Whether it has `steps`."""

    @property
    def has_branches(self) -> bool:
        """Whether it has `branches`."""


class Builder:
    """Builds one definition. `faults`, `sites` and `frames` are what it found on the way."""

    def __init__(self, types: Mapping[str, StepKind]) -> None:
        self._types = types
        self.faults: list[Fault] = []
        self.sites: list[Site] = []
        self.frames: list[Frame] = []
        self._input: Mapping[str, Any] = {}

    def definition(self, text: Mapping[str, Any]) -> Definition:
        """The definition that `text` says."""
        self._input = _object(text, "input_schema")
        scope, frame = self._scope(_items(text, "steps"), Place(RUNNING), "/steps")
        failure = None
        if text.get("on_failure"):
            place = Place(RUNNING | {"error"}, frame, "")
            failure, _ = self._scope(_items(text, "on_failure"), place, "/on_failure")
        output = None
        if "output" in text:
            output = self._template(text["output"], "/output", Place(RUNNING, frame))
        input_schema = text.get("input_schema")
        return Definition(
            scope=Scope(scope.steps, output),
            text=text,
            input_schema=input_schema if isinstance(input_schema, Mapping) else None,
            triggers=tuple(self._trigger(item, f"/triggers/{i}") for i, item in enumerate(_items(text, "triggers"))),
            on_failure=failure,
            timeout=self._duration(text, "timeout", ""),
            concurrency=self._concurrency(_object(text, "concurrency"), "/concurrency"),
            rate_limit=self._rate_limit(_object(text, "rate_limit"), "/rate_limit"),
            idempotency_key=self._optional(text, "idempotency_key", "", Place(START)),
            priority=int(_number(text, "priority", _PRIORITY)),
            retention=self._duration(text, "retention", ""),
            secrets=frozenset(
                path.names[1]
                for site in self.sites
                for path in site.expression.paths
                if path.names[0] == "secrets" and len(path.names) > 1
            ),
        )

    def _scope(self, items: list[Mapping[str, Any]], around: Place, pointer: str) -> tuple[Scope, Frame]:
        frame = Frame(pointer, around.frame, around.step or "")
        self.frames.append(frame)
        steps = []
        for position, item in enumerate(items):
            place = f"{pointer}/{position}"
            step = self._step(item, Place(around.variables, frame, _text(item, "id")), place)
            node = Node(step, place)
            if frame.nodes.setdefault(step.id, node) is not node:
                frame.doubles.append(node)
            steps.append(step)
        return Scope(tuple(steps)), frame

    def _step(self, item: Mapping[str, Any], place: Place, pointer: str) -> Step:
        kind = self._types.get(_text(item, "type"))
        body, inside = None, None
        if "steps" in item:
            variables = place.variables | (LOOP & _inside(kind))
            body, inside = self._scope(_items(item, "steps"), _with(place, variables), f"{pointer}/steps")
        config, expressions = self._config(_object(item, "with"), kind, place, inside, f"{pointer}/with")
        return Step(
            id=_text(item, "id"),
            type=_text(item, "type"),
            name=_text(item, "name"),
            needs=tuple(need for need in _list(item, "needs") if isinstance(need, str)),
            condition=self._condition(item, "if", pointer, place),
            config=config,
            expressions=expressions,
            retry=self._retry(_object(item, "retry"), f"{pointer}/retry"),
            timeout=self._duration(item, "timeout", pointer),
            on_error=_on_error(_object(item, "on_error")),
            cache_ttl=self._duration(item, "cache_ttl", pointer),
            body=body,
            branches=tuple(
                self._branch(branch, place, f"{pointer}/branches/{i}")
                for i, branch in enumerate(_items(item, "branches"))
            ),
        )

    def _branch(self, item: Mapping[str, Any], place: Place, pointer: str) -> Branch:
        scope, _ = self._scope(_items(item, "steps"), place, f"{pointer}/steps")
        return Branch(_text(item, "name"), self._condition(item, "when", pointer, place), scope)

    def _config(
        self, given: Mapping[str, Any], kind: StepKind | None, place: Place, inside: Frame | None, pointer: str
    ) -> tuple[Template, dict[str, Expression]]:
        """`with`: expressions of its type stand in it as text, and compiled beside it."""
        expressions: dict[str, Expression] = {}
        plain: dict[str, Any] = {}
        for name, field in cel_fields(kind).items():
            text = given.get(name)
            if not isinstance(text, str):
                continue
            plain[name] = text
            seen = place.having(*field.get("x-variables", ()))
            if inside is not None and field.get("x-inside"):
                seen = Place(seen.variables | (LOOP & _inside(kind)), inside)
            compiled = self._expression(text, f"{pointer}/{name}", seen, types_of(field.get("x-result")))
            if compiled is not None:
                expressions[name] = compiled
        rest = {name: value for name, value in given.items() if name not in plain}
        template = Compiler(self._invalid).object(rest, pointer, plain)
        return self._placed(template, place, pointer, kind.schema if kind else None), expressions

    def _trigger(self, item: Mapping[str, Any], pointer: str) -> Trigger:
        field = next((name for name in TRIGGERS if name in item), "event")
        place = Place(START - {"input"} | ({"event"} if field != "schedule" else set()))
        source = _object(item, field)
        return Trigger(
            id=_text(item, "id"),
            kind=TRIGGERS[field],
            text=item,
            filter=self._condition(source, "filter", f"{pointer}/{field}", Place(frozenset({"event"}))),
            input=self._template(item["input"], f"{pointer}/input", place, self._input) if "input" in item else None,
        )

    def _retry(self, item: Mapping[str, Any], pointer: str) -> Retry:
        usual = Retry()
        initial, longest = self._duration(item, "initial", pointer), self._duration(item, "max", pointer)
        return Retry(
            max_attempts=int(_number(item, "max_attempts", usual.max_attempts)),
            initial=usual.initial if initial is None else initial,
            factor=float(_number(item, "factor", usual.factor)),
            max=usual.max if longest is None else longest,
            jitter=float(_number(item, "jitter", usual.jitter)),
            retry_on=frozenset(code for code in _list(item, "retry_on") if isinstance(code, str)),
        )

    def _concurrency(self, item: Mapping[str, Any], pointer: str) -> Concurrency | None:
        if not item:
            return None
        key = self._optional(item, "key", pointer, Place(START))
        return Concurrency(key, int(_number(item, "limit", 1)), _text(item, "on_conflict") or "QUEUE")

    def _rate_limit(self, item: Mapping[str, Any], pointer: str) -> RateLimit | None:
        if not item:
            return None
        key = self._optional(item, "key", pointer, Place(START))
        return RateLimit(key, int(_number(item, "limit", 1)), self._duration(item, "period", pointer) or 1.0)

    def _duration(self, item: Mapping[str, Any], name: str, pointer: str) -> float | None:
        text = _text(item, name)
        if not text:
            return None
        try:
            seconds = durations.parse(text)
        except ValueError as error:
            self.faults.append(Fault(f"{pointer}/{name}", str(error)))
            return None
        if seconds > MAX_SECONDS:
            self.faults.append(Fault(f"{pointer}/{name}", "Write at most a year, 365d."))
        return seconds

    def _optional(self, item: Mapping[str, Any], name: str, pointer: str, place: Place) -> Template | None:
        return self._template(item[name], f"{pointer}/{name}", place) if item.get(name) is not None else None

    def _condition(self, item: Mapping[str, Any], name: str, pointer: str, place: Place) -> Expression | None:
        text = item.get(name)
        return self._expression(text, f"{pointer}/{name}", place, _BOOLEAN) if isinstance(text, str) else None

    def _expression(self, text: str, pointer: str, place: Place, types: tuple[str, ...]) -> Expression | None:
        kind = _RESULTS.get(types[0], Kind.JSON) if len(types) == 1 else Kind.JSON
        try:
            expression = Expression(text, pointer, result=kind)
        except ExpressionInvalid as error:
            self._invalid(pointer, error)
            return None
        self.sites.append(Site(expression, place, types))
        return expression

    def _template(self, value: Any, pointer: str, place: Place, schema: Mapping[str, Any] | None = None) -> Template:
        return self._placed(Compiler(self._invalid).template(value, pointer), place, pointer, schema)

    def _placed(self, template: Template, place: Place, pointer: str, schema: Mapping[str, Any] | None) -> Template:
        for expression, start, is_alone in template.found:
            wanted = types_at(schema, expression.pointer.removeprefix(pointer)) if is_alone and schema else ()
            self.sites.append(Site(expression, place, wanted, *start))
        return template

    def _invalid(self, pointer: str, error: ExpressionInvalid) -> None:
        self.faults.append(Fault(pointer, told(error.fault), error.line, error.column))


def cel_fields(kind: StepKind | None) -> dict[str, Mapping[str, Any]]:
    """The fields of a type's `with` that are expressions, by name."""
    if kind is None:
        return {}
    return {name: field for name, field in kind.schema.get("properties", {}).items() if is_expression(field)}


def is_expression(schema: Any) -> bool:
    """Whether a schema is that of an expression."""
    return isinstance(schema, Mapping) and schema.get("format") == "cel"


def types_of(value: Any) -> tuple[str, ...]:
    """The types that `type` of a schema names."""
    return tuple(type_ for type_ in (value if isinstance(value, list) else [value]) if isinstance(type_, str))


def types_at(schema: Any, pointer: str) -> tuple[str, ...]:
    """Which types of JSON a schema wants at a JSON Pointer into what it describes; none when it does not say."""
    for name in pointer.split("/")[1:]:
        if not isinstance(schema, Mapping):
            return ()
        properties = schema.get("properties", {})
        schema = properties.get(name) if isinstance(properties, Mapping) and name in properties else schema.get("items")
    return types_of(schema.get("type")) if isinstance(schema, Mapping) else ()


def _inside(kind: StepKind | None) -> frozenset[str]:
    """What the steps inside of a type see besides: `item` only where there are items."""
    return LOOP if "items" in cel_fields(kind) else LOOP - {"item"}


def _with(place: Place, variables: frozenset[str]) -> Place:
    return Place(variables, place.frame, place.step)


def _on_error(item: Mapping[str, Any]) -> OnError:
    action = _text(item, "action") or FAIL
    return OnError(action, _text(item, "step") if action == GOTO else "")


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _number(item: Mapping[str, Any], name: str, usual: float) -> float:
    value = item.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else usual


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = item.get(name)
    return value if isinstance(value, Mapping) else {}


def _list(item: Mapping[str, Any], name: str) -> list[Any]:
    value = item.get(name)
    return value if isinstance(value, list) else []


def _items(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [inner if isinstance(inner, Mapping) else {} for inner in _list(item, name)]
