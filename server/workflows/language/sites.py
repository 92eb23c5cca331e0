"""Where expressions stand in a definition, and what they may name there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from server.workflows.language.definition import Step
from server.workflows.language.expressions import Expression

#: What an execution knows from its start on.
START = frozenset({"input", "trigger", "workspace", "workflow"})
RUNNING = START | {"execution", "steps", "secrets"}
LOOP = frozenset({"item", "index"})


@dataclass(frozen=True, slots=True)
class Node:
    """A step and where it stands."""

    step: Step
    pointer: str

    @property
    def before(self) -> tuple[str, ...]:
        """What it needs."""
        return self.step.needs

    @property
    def goto(self) -> str:
        """What it begins when it fails; empty for nothing."""
        return self.step.on_error.step


@dataclass(slots=True, eq=False)
class Frame:
    """A scope with its steps by id, inside of the step `owner` of another frame."""

    pointer: str
    parent: "Frame | None" = None
    owner: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    doubles: list[Node] = field(default_factory=list)
    """Steps whose id is taken."""
    _ancestors: "dict[str, frozenset[str]] | None" = None

    def ancestors(self, step: str) -> frozenset[str]:
        """The steps of the scope that have ended when `step` begins: what it needs, and what leads to it by GOTO."""
        if self._ancestors is None:
            self._ancestors = _ancestors(self.nodes)
        return self._ancestors.get(step, frozenset())

    def chain(self) -> "Iterator[tuple[Frame, str]]":
        """Every frame around this one, with the step that holds it."""
        frame: Frame = self
        while frame.parent is not None:
            yield frame.parent, frame.owner
            frame = frame.parent


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: in `frame`, at `step`, or after all of its steps when there is none."""

    variables: frozenset[str]
    frame: Frame | None = None
    step: str | None = None

    def having(self, *names: str) -> "Place":
        """The place with more variables."""
        return replace(self, variables=self.variables | set(names))

    def visible(self) -> frozenset[str]:
        """The steps whose outputs it may name."""
        if self.frame is None:
            return frozenset()
        own = frozenset(self.frame.nodes) if self.step is None else self.frame.ancestors(self.step)
        for frame, owner in self.frame.chain():
            own |= frozenset(frame.nodes) if not owner else frame.ancestors(owner)
        return own


@dataclass(frozen=True, slots=True)
class Site:
    """An expression, where it stands and what it must give: one of the `types` of JSON, none of them for any.

    `line` and `column` are where it begins in its string.
    """

    expression: Expression
    place: Place
    types: tuple[str, ...] = ()
    line: int = 1
    column: int = 1


def _ancestors(nodes: Mapping[str, Node]) -> dict[str, frozenset[str]]:
    before = {id_: {need for need in node.before if need in nodes} for id_, node in nodes.items()}
    for id_, node in nodes.items():
        if node.goto in before:
            before[node.goto].add(id_)
    known: dict[str, frozenset[str]] = {}
    for id_ in nodes:
        found: set[str] = set()
        ahead = list(before[id_])
        while ahead:
            step = ahead.pop()
            if step not in found:
                found.add(step)
                ahead += before[step] if step not in known else known[step] - found
        known[id_] = frozenset(found)
    return known
