"""What a random workflow comes to, by plain recursion: no queue, no records, no rebuilding.

Steps are gone through in their order, since each needs only earlier ones. In a scope where a step fails for good, which
of the others had ended by then is a matter of time: they are *open*, each may have come to what it would have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.workflows.engine.graphs import Plan, digest, outcome

NEVER = "NEVER"


@dataclass(frozen=True)
class Came:
    """What one step comes to. `open` says that it may not have come to it."""

    status: str
    output: Any = None
    open: bool = False


@dataclass
class Told:
    """What the steps of an execution come to, by path, and the paths of the steps that may fail it."""

    steps: dict[str, Came] = field(default_factory=dict)
    fatal: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)


def interpret(plan: tuple[Plan, ...]) -> Told:
    """All of it."""
    return _scope(plan, "", {}, {})


def _scope(plan: tuple[Plan, ...], prefix: str, outer: Mapping[str, Any], loop: Mapping[str, Any]) -> Told:
    told = Told()
    done: dict[str, Came] = {}
    visible = dict(outer)
    rescued: dict[str, list[str]] = {}
    for step in plan:
        if step.target:
            rescued.setdefault(step.target, []).append(step.id)
    for step in plan:
        causes = [(need, "onward") for need in step.needs] + [(source, "rescue") for source in rescued.get(step.id, [])]
        came, inner = _step(step, prefix, causes, done, visible, loop, plan)
        done[step.id] = came
        visible[step.id] = came
        told.steps.update(inner.steps)
        if came.status != NEVER:
            told.steps[prefix + step.id] = came
        if came.status == "FAILED" and step.on_error == "FAIL":
            told.fatal |= inner.fatal or {prefix + step.id}
    if told.fatal:
        told.steps = {path: replace(came, open=True) for path, came in told.steps.items()}
    told.outputs = {step.id: done[step.id].output for step in plan}
    return told


def _step(
    step: Plan,
    prefix: str,
    causes: list[tuple[str, str]],
    done: Mapping[str, Came],
    visible: Mapping[str, Any],
    loop: Mapping[str, Any],
    plan: tuple[Plan, ...],
) -> tuple[Came, Told]:
    by_id = {other.id: other for other in plan}
    for source, _ in causes:
        if done[source].status == NEVER or (done[source].status == "FAILED" and by_id[source].on_error == "FAIL"):
            return Came(NEVER), Told()
    if causes and not any(_leads(by_id[source], done[source], way, causes, plan, done) for source, way in causes):
        return Came("SKIPPED", "dead"), Told()
    if not step.wanted:
        return Came("SKIPPED"), Told()
    return _made(step, prefix + step.id, visible, loop)


def _leads(source: Plan, came: Came, way: str, causes: Any, plan: Any, done: Any) -> bool:
    if way == "rescue":
        return came.status == "FAILED"
    if came.status == "FAILED":
        return source.on_error == "CONTINUE"
    return came.output != "dead" or came.status != "SKIPPED"


def _made(step: Plan, path: str, visible: Mapping[str, Any], loop: Mapping[str, Any]) -> tuple[Came, Told]:
    if step.kind in {"foreach", "while", "switch", "parallel"}:
        make = {"foreach": _foreach, "while": _while}.get(step.kind, _branches)
        return make(step, path, visible, loop)
    output = {
        "work": digest("work", _seen(step, visible, loop)),
        "transform": _seen(step, visible, loop),
        "signal": digest("signal", path),
    }.get(step.kind)
    attempts = range(1, step.attempts + 1)
    good = step.kind != "work" or any(outcome(step, loop.get("index", 0), attempt) for attempt in attempts)
    return (Came("SUCCEEDED", output) if good else Came("FAILED")), Told()


def _foreach(step: Plan, path: str, visible: Mapping[str, Any], loop: Mapping[str, Any]) -> tuple[Came, Told]:
    items = [_seen(step, visible, loop, at) for at in range(step.count)]
    inner = [
        _scope(step.body, f"{path}[{at}]/", visible, {**loop, "item": item, "index": at})
        for at, item in enumerate(items)
    ]
    return _block(inner, [told.outputs for told in inner])


def _while(step: Plan, path: str, visible: Mapping[str, Any], loop: Mapping[str, Any]) -> tuple[Came, Told]:
    inner = []
    for at in range(step.count):
        inner.append(_scope(step.body, f"{path}[{at}]/", visible, {**loop, "index": at}))
        if inner[-1].fatal:
            break
    last = inner[-1].outputs if inner else None
    return _block(inner, {"iterations": len(inner), "output": last})


def _branches(step: Plan, path: str, visible: Mapping[str, Any], loop: Mapping[str, Any]) -> tuple[Came, Told]:
    taken = range(len(step.branches))
    if step.kind == "switch":
        taken = range(step.count % 2, min(step.count % 2 + 1, len(step.branches)))
    inner = {f"b{at}": _scope(step.branches[at], f"{path}:b{at}/", visible, loop) for at in taken}
    outputs: Any = {name: told.outputs for name, told in inner.items()}
    if step.kind == "switch":
        name = next(iter(inner), None)
        outputs = {"branch": name, "output": outputs[name] if name else None}
    return _block(list(inner.values()), outputs)


def _block(inner: list[Told], output: Any) -> tuple[Came, Told]:
    told = Told()
    for child in inner:
        told.steps.update(child.steps)
        told.fatal |= child.fatal
    if told.fatal:
        told.steps = {path: replace(came, open=True) for path, came in told.steps.items()}
        return Came("FAILED"), told
    return Came("SUCCEEDED", _bare(output)), told


def _bare(output: Any) -> Any:
    """Without the mark of dead steps, which is the reference's own."""
    if isinstance(output, dict):
        return {name: _bare(value) for name, value in output.items()}
    if isinstance(output, list):
        return [_bare(value) for value in output]
    return None if output == "dead" else output


def _seen(step: Plan, visible: Mapping[str, Came], loop: Mapping[str, Any], *more: Any) -> int:
    needs = [(visible[need].status, _bare(visible[need].output)) for need in step.needs]
    return digest(step.id, needs, loop.get("item"), loop.get("index"), *more)
