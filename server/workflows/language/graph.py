"""Whether the steps of a definition can be run in some order, and whether each of them ever is."""

from collections.abc import Iterator, Mapping, Sequence

from server.workflows.language.building import StepKind
from server.workflows.language.definition import CONTINUE
from server.workflows.language.faults import Fault
from server.workflows.language.sentences import did_you_mean
from server.workflows.language.sites import Frame, Node


def faults(frames: Sequence[Frame], types: Mapping[str, StepKind]) -> Iterator[Fault]:
    """What is wrong with needs, GOTO and ids of all scopes."""
    homes: dict[str, Frame] = {}
    for frame in frames:
        for node in frame.nodes.values():
            first = homes.setdefault(node.step.id, frame)
            if first is not frame:
                yield _double(node, first)
        for node in frame.doubles:
            yield _double(node, frame)
    for frame in frames:
        for node in frame.nodes.values():
            yield from _needs(node, frame, homes)
            yield from _goto(node, frame, homes)
        yield from _cycles(frame)
        yield from _unreachable(frame, types)


def _double(node: Node, home: Frame) -> Fault:
    first = home.nodes[node.step.id].pointer
    return Fault(f"{node.pointer}/id", f"Choose another id; {node.step.id} is that of {first}.")


def _needs(node: Node, frame: Frame, homes: Mapping[str, Frame]) -> Iterator[Fault]:
    for position, need in enumerate(node.step.needs):
        place = f"{node.pointer}/needs/{position}"
        if need == node.step.id:
            yield Fault(place, f"Remove {need}; a step cannot need itself.")
        elif need in node.step.needs[:position]:
            yield Fault(place, f"Remove {need}; it is there already.")
        elif need not in frame.nodes:
            yield Fault(place, missing(need, frame, homes))


def _goto(node: Node, frame: Frame, homes: Mapping[str, Frame]) -> Iterator[Fault]:
    if not node.goto:
        return
    place = f"{node.pointer}/on_error/step"
    target = frame.nodes.get(node.goto)
    if target is None:
        yield Fault(place, missing(node.goto, frame, homes))
    elif target is node:
        yield Fault(place, "Name another step; retry makes a step be tried again.")
    elif target.step.needs:
        yield Fault(place, f"Remove the needs of {node.goto}; GOTO begins it, nothing else does.")


def missing(step: str, frame: Frame, homes: Mapping[str, Frame]) -> str:
    """Why `step` is not in `frame`, in a sentence."""
    home = homes.get(step)
    if home is None:
        return f"There is no step {step}.{did_you_mean(step, frame.nodes)}"
    owner = next((owner for around, owner in home.chain() if around is frame and owner), "")
    if owner:
        return f"Name {owner} instead, which holds {step}."
    if any(around is home for around, _ in frame.chain()):
        if not frame.owner:
            return f"Remove {step}; steps of on_failure need only each other."
        return f"Remove {step}; it stands outside, so let {frame.owner} need it."
    return f"Name a step of the same scope; {step} is in another one."


def _cycles(frame: Frame) -> Iterator[Fault]:
    before = {
        id_: {need for need in node.step.needs if need in frame.nodes and need != id_}
        for id_, node in frame.nodes.items()
    }
    for id_, node in frame.nodes.items():
        if node.goto in before and node.goto != id_:
            before[node.goto].add(id_)
    while before := _without_free(before):
        cycle = _cycle(before)
        way = " → ".join([*cycle, cycle[0]])
        yield Fault(f"{frame.nodes[cycle[0]].pointer}/needs", f"These wait for each other: {way}. Remove a need.")
        before = {id_: needs for id_, needs in before.items() if id_ not in cycle}


def _without_free(before: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """What is left when again and again all is taken away that waits for nothing that is left."""
    left = {id_: needs & before.keys() for id_, needs in before.items()}
    free = [id_ for id_, needs in left.items() if not needs]
    after: dict[str, list[str]] = {}
    for id_, needs in left.items():
        for need in needs:
            after.setdefault(need, []).append(id_)
    while free:
        done = free.pop()
        del left[done]
        for id_ in after.get(done, ()):
            left[id_].discard(done)
            if not left[id_]:
                free.append(id_)
    return left


def _cycle(before: Mapping[str, set[str]]) -> list[str]:
    """One cycle, in the order in which its steps would run; each step of `before` waits for another one in it."""
    way: list[str] = []
    step = next(iter(before))
    while step not in way:
        way.append(step)
        step = min(before[step])
    found = way[way.index(step) :][::-1]
    first = found.index(min(found))
    return found[first:] + found[:first]


def _unreachable(frame: Frame, types: Mapping[str, StepKind]) -> Iterator[Fault]:
    targets: dict[str, list[str]] = {}
    for id_, node in frame.nodes.items():
        if node.goto:
            targets.setdefault(node.goto, []).append(id_)
    never: set[str] = set()
    for id_ in _in_order(frame):
        node = frame.nodes[id_]
        needs = [need for need in node.step.needs if need in frame.nodes]
        if id_ in targets:
            is_never = all(source in never for source in targets[id_])
        else:
            is_never = bool(needs) and all(need in never or _fails(frame.nodes[need], types) for need in needs)
        if is_never:
            never.add(id_)
            yield Fault(node.pointer, f"Remove {id_}; it never begins, since nothing that it needs succeeds.")


def _in_order(frame: Frame) -> list[str]:
    """The steps, each after its ancestors."""
    return sorted(frame.nodes, key=lambda id_: len(frame.ancestors(id_)))


def _fails(node: Node, types: Mapping[str, StepKind]) -> bool:
    kind = types.get(node.step.type)
    fails = kind is not None and bool(kind.schema.get("x-fails"))
    return fails and node.step.condition is None and node.step.on_error.action != CONTINUE
