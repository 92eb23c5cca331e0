"""Random workflows as plain descriptions: made into a definition here, and interpreted by `reference` on its own."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from server.workflows.language.definition import Branch, Definition, OnError, Retry, Scope, Step
from tests.workflows.engine.toy import Fn, const

KINDS = ("work", "work", "work", "transform", "delay", "signal", "foreach", "while", "switch", "parallel")


@dataclass(frozen=True)
class Plan:
    """A step. `fails` is how many attempts fail first; `odd` lets it fail in every other item of a loop only."""

    id: str
    kind: str
    needs: tuple[str, ...]
    wanted: bool
    on_error: str
    target: str
    fails: int
    attempts: int
    odd: bool
    count: int
    width: int
    body: tuple["Plan", ...]
    branches: tuple[tuple["Plan", ...], ...]

    @property
    def works(self) -> bool:
        return self.kind == "work"


def digest(*parts: Any) -> int:
    """What a step gives: a number that depends on all that it saw."""
    return zlib.crc32(repr(parts).encode())


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, ...]:
    """The steps of a workflow, nested at most two deep."""
    numbers = iter(range(1000))
    return _scope(draw, numbers, depth=0)


def _scope(draw: st.DrawFn, numbers: Any, *, depth: int) -> tuple[Plan, ...]:
    size = draw(st.integers(1, (6, 3, 2)[depth]))
    ids = [f"s{next(numbers)}" for _ in range(size)]
    needs = [tuple(sorted(draw(st.sets(st.sampled_from(ids[:at]), max_size=3)))) if at else () for at in range(size)]
    return tuple(_step(draw, numbers, ids, needs, at, depth) for at in range(size))


def _step(draw: st.DrawFn, numbers: Any, ids: list[str], needs: list[tuple[str, ...]], at: int, depth: int) -> Plan:
    kinds = KINDS if depth < 2 else KINDS[:6]
    kind = draw(st.sampled_from(kinds))
    targets = [ids[later] for later in range(at + 1, len(ids)) if not needs[later]]
    actions = ["FAIL", "CONTINUE", "CONTINUE"] + (["GOTO"] if targets else [])
    on_error = draw(st.sampled_from(actions))
    branches: tuple[tuple[Plan, ...], ...] = ()
    if kind in {"switch", "parallel"}:
        branches = tuple(_scope(draw, numbers, depth=depth + 1) for _ in range(draw(st.integers(1, 2))))
    return Plan(
        id=ids[at],
        kind=kind,
        needs=needs[at],
        wanted=draw(st.integers(0, 5)) > 0,
        on_error=on_error,
        target=draw(st.sampled_from(targets)) if on_error == "GOTO" else "",
        fails=draw(st.sampled_from((0, 0, 0, 1, 2, 9))),
        attempts=draw(st.integers(1, 3)),
        odd=draw(st.booleans()),
        count=draw(st.integers(0, 4)),
        width=draw(st.integers(1, 3)),
        body=_scope(draw, numbers, depth=depth + 1) if kind in {"foreach", "while"} else (),
        branches=branches,
    )


def definition_of(plan: tuple[Plan, ...]) -> Definition:
    """What the engine runs."""
    undo = Step("undo", "transform", config=Fn(lambda v: {"output": v["error"]["step"]}))
    return Definition(_scope_of(plan), {}, on_failure=Scope((undo,)))


def _scope_of(plan: tuple[Plan, ...]) -> Scope:
    return Scope(tuple(map(_step_of, plan)))


def _step_of(plan: Plan) -> Step:
    return Step(
        id=plan.id,
        type=plan.kind,
        needs=plan.needs,
        condition=None if plan.wanted else const(value=False),
        config=_config_of(plan),
        expressions=_expressions_of(plan),
        retry=Retry(max_attempts=plan.attempts, initial=1, jitter=0),
        on_error=OnError(plan.on_error, plan.target),
        body=_scope_of(plan.body) if plan.body else None,
        branches=tuple(Branch(f"b{at}", _when(plan, at), _scope_of(branch)) for at, branch in enumerate(plan.branches)),
    )


def _when(plan: Plan, at: int) -> Fn | None:
    return const(at == plan.count % 2) if plan.kind == "switch" else None


def _expressions_of(plan: Plan) -> Mapping[str, Fn]:
    if plan.kind == "foreach":
        return {"items": Fn(lambda v: [seen(plan, v, at) for at in range(plan.count)])}
    if plan.kind == "while":
        return {"condition": Fn(lambda v: v["index"] < plan.count)}
    return {}


def _config_of(plan: Plan) -> Fn:
    if plan.kind == "delay":
        return const({"duration": plan.count})
    if plan.kind == "signal":
        return const({"name": plan.id})
    if plan.kind == "foreach":
        return const({"concurrency": plan.width})
    if plan.kind == "transform":
        return Fn(lambda v: {"output": seen(plan, v)})
    return Fn(lambda v: {"seen": seen(plan, v), "index": v.get("index", 0)} if plan.works else {})


def seen(plan: Plan, values: Mapping[str, Any], *more: Any) -> int:
    """What a step sees of the steps that it needs, and of the item that it is made for."""
    needs = [(values["steps"][need]["status"], values["steps"][need]["output"]) for need in plan.needs]
    return digest(plan.id, needs, values.get("item"), values.get("index"), *more)


def outcome(plan: Plan, index: int, attempt: int) -> bool:
    """Whether this attempt of a `work` step succeeds."""
    return (plan.odd and index % 2 == 0) or attempt > plan.fails
