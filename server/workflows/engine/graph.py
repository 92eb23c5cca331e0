"""Who follows whom among the steps of a scope, worked out once for each scope that is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from server.workflows.language.definition import GOTO, Scope, Step


@dataclass(frozen=True, slots=True)
class Graph:
    """A scope by the indexes of its steps.

    `waiting` is how many steps each one waits for: what it needs, and those whose failure begins it (GOTO). `onward`
    are the steps that need it, `rescue` is what its failure begins. `knot` are steps that wait for each other.
    """

    steps: tuple[Step, ...]
    waiting: tuple[int, ...]
    onward: tuple[tuple[int, ...], ...]
    rescue: tuple[tuple[int, ...], ...]
    first: tuple[int, ...]
    knot: tuple[str, ...]


@lru_cache(maxsize=4096)
def of(scope: Scope) -> Graph:
    """The graph of `scope`; names that are no step of it are ignored, `parsing` has refused them."""
    steps = scope.steps
    index = {step.id: at for at, step in enumerate(steps)}
    waiting = [0] * len(steps)
    onward: list[list[int]] = [[] for _ in steps]
    rescue: list[list[int]] = [[] for _ in steps]
    for at, step in enumerate(steps):
        for need in dict.fromkeys(step.needs):
            if need in index:
                onward[index[need]].append(at)
                waiting[at] += 1
        if step.on_error.action == GOTO and step.on_error.step in index:
            rescue[at].append(index[step.on_error.step])
            waiting[index[step.on_error.step]] += 1
    edges = [tuple(needed + begun) for needed, begun in zip(onward, rescue, strict=True)]
    return Graph(
        steps=steps,
        waiting=tuple(waiting),
        onward=tuple(map(tuple, onward)),
        rescue=tuple(map(tuple, rescue)),
        first=tuple(at for at, count in enumerate(waiting) if not count),
        knot=tuple(steps[at].id for at in _knot(waiting, edges)),
    )


def _knot(waiting: Sequence[int], edges: Sequence[Sequence[int]]) -> list[int]:
    left = list(waiting)
    ready = [at for at, count in enumerate(left) if not count]
    for at in ready:
        for follower in edges[at]:
            left[follower] -= 1
            if not left[follower]:
                ready.append(follower)
    return sorted(set(range(len(left))) - set(ready))
