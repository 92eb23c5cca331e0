"""What a machine keeps while it runs: open scopes, steps that have begun, and what is to be decided."""

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import count
from typing import Any

from server.core import ids
from server.workflows.engine.graph import Graph
from server.workflows.engine.history import History
from server.workflows.engine.limits import Limits
from server.workflows.engine.step_types import Child, Progress, StepFailed, Types
from server.workflows.engine.types import Emission, Ending, Facts, Note, Record, StepError, Task
from server.workflows.language.definition import Definition, Expression, Scope, Step
from server.workflows.language.faults import ExpressionFailed


class State(Enum):
    """What a step that has begun is at."""

    TASK = auto()
    WAIT = auto()
    RETRY = auto()
    BLOCK = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """Why a scope failed: the earliest of its failures, so that it is the same when it is rebuilt."""

    time: datetime
    path: str
    error: StepError = field(compare=False)


class Frame:
    """A scope that is open. `node` is the block that it is a child of; none for the outermost ones.

    `left` counts steps that are not done, `live` are those that have begun. `halted`: nothing new begins in it.
    """

    __slots__ = (
        "child",
        "closed",
        "counted",
        "failure",
        "graph",
        "halted",
        "left",
        "live",
        "node",
        "prefix",
        "scope",
        "steps",
        "taken",
        "values",
        "waiting",
    )

    def __init__(self, scope: Scope, graph: Graph, *, prefix: str, values: Mapping[str, Any], counted: bool) -> None:
        self.scope = scope
        self.graph = graph
        self.prefix = prefix
        self.node: Node | None = None
        self.child: Child | None = None
        self.steps: dict[str, Any] = dict(values["steps"])
        self.values: dict[str, Any] = {**values, "steps": self.steps}
        self.waiting = list(graph.waiting)
        self.taken = [not waiting for waiting in graph.waiting]
        self.left = len(graph.steps)
        self.live: set[Node] = set()
        self.failure: Failure | None = None
        self.counted = counted
        self.halted = False
        self.closed = False


class Node:
    """A step that has begun, until it is done. `frames` are the open children of a block."""

    __slots__ = (
        "at",
        "attempt",
        "due",
        "error",
        "failure",
        "frame",
        "frames",
        "halted",
        "path",
        "progress",
        "start",
        "state",
        "step",
    )

    def __init__(self, frame: Frame, at: int, *, path: str, start: datetime) -> None:
        self.frame = frame
        self.at = at
        self.step: Step = frame.graph.steps[at]
        self.path = path
        self.attempt = 1
        self.start = start
        self.due: datetime | None = None
        self.state = State.TASK
        self.error: StepError | None = None
        self.progress: Progress | None = None
        self.frames: set[Frame] = set()
        self.failure: Failure | None = None
        self.halted = False


class Run:
    """Everything about one execution in memory; the functions of `beginning` and `ending` work on it."""

    def __init__(
        self,
        definition: Definition,
        facts: Facts,
        past: History,
        *,
        types: Types,
        luck: Callable[[], float],
        accepts: Callable[[Emission], StepError | None],
    ) -> None:
        self.definition = definition
        self.facts = facts
        self.past = past
        self.types = types
        self.luck = luck
        self.accepts = accepts
        self.now = facts.create_time
        self.limits = Limits(records=past.count)
        self.name = ids.encode("exe", facts.execution_id)
        self.base = variables_of(facts, self.name)
        #: A step of a scope, a failed step whose next attempt is due, or a block that may open a child.
        self.queue: deque[tuple[Frame, int] | Node] = deque()
        self.later: deque[tuple[Frame, int] | Node] = deque()
        self.failed: list[Frame] = []
        self.cancelled: list[tuple[Frame, Record]] = []
        self.replaying = True
        self.notes: list[Note] = []
        self.tasks: list[Task] = []
        self.nodes: dict[str, Node] = {}
        self.timers: list[tuple[datetime, int, Node]] = []
        self.numbers = count()
        self.root: Frame | None = None
        self.failure: Failure | None = None
        self.stopping: Ending | None = None
        self.ending: Ending | None = None

    def enter(self, node: Node, state: State, due: datetime | None = None) -> None:
        """`node` is live in `state`, until `due`."""
        node.state = state
        node.due = due
        node.frame.live.add(node)
        self.nodes[node.path] = node
        if due is not None:
            heapq.heappush(self.timers, (due, next(self.numbers), node))

    def leave(self, node: Node) -> None:
        """`node` has ended."""
        node.state = State.ENDED
        node.due = None
        node.frame.live.discard(node)
        self.nodes.pop(node.path, None)

    def next_timer(self) -> Node | None:
        """The node that is due first."""
        while self.timers:
            due, _, node = self.timers[0]
            if node.due == due:
                return node
            heapq.heappop(self.timers)
        return None


def variables_of(facts: Facts, name: str) -> dict[str, Any]:
    """What every expression of an execution sees."""
    return {
        "input": facts.input,
        "trigger": facts.trigger,
        "workspace": facts.workspace,
        "workflow": {
            "id": ids.encode("wf", facts.workflow_id),
            "name": facts.workflow_name,
            "version": facts.version,
        },
        "execution": {"id": name, "create_time": facts.create_time},
        "secrets": facts.secrets,
        "steps": {},
    }


def view(status: str, output: Any = None, error: StepError | None = None) -> dict[str, Any]:
    """What expressions see of a step."""
    shown = None if error is None else {"code": error.code, "message": error.message, "details": error.details}
    return {"status": status, "output": output, "error": shown}


def evaluate(expression: Expression, values: Mapping[str, Any]) -> Any:
    """Its value. Raises StepFailed."""
    try:
        return expression.evaluate(values)
    except ExpressionFailed as error:
        raise StepFailed(StepError("EXPRESSION_FAILED", str(error), retryable=False, details=error.details)) from error
