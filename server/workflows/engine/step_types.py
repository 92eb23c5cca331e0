"""What a type of step is. A new one is a subclass in a file of its own and a line in `registry`."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from server.workflows.engine.types import Emission, Line, StepError, Wait
from server.workflows.language.definition import Expression, Scope, Step


class StepFailed(Exception):
    """An attempt failed, as `error` says."""

    def __init__(self, error: StepError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt gave: JSON, and what belongs into the transaction that records it."""

    output: Any = None
    emissions: tuple[Emission, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """A wait: until `due_time`, for something from outside, or for whichever comes first."""

    due_time: datetime | None = None
    wait: Wait | None = None
    result: Result | None = None
    """Set when there is nothing to wait for: `wait` is only set up, and the step has ended with this."""


@dataclass(slots=True)
class Context:
    """What an attempt may know and use. `deadline` is when its timeout is over."""

    workspace_id: UUID
    execution_id: UUID
    path: str
    attempt: int
    config: Any
    idempotency_key: str
    now: datetime
    deadline: datetime | None
    services: "Services"
    lines: list[Line] = field(default_factory=list)

    def log(self, level: str, message: str, **fields: Any) -> None:
        """Write a line into the execution's log, with the attempt's record."""
        self.lines.append(Line(self.now, level, message, fields))


class Services(Protocol):
    """What a runner has for steps that reach outside: `http` sends a request through the guard."""

    http: Callable[..., Awaitable[Any]]


class StepType(ABC):
    """A type of step. Subclass one of the four below.

    `schema` is the JSON Schema of `with`, where a string `${…}` stands for any value; fields with
    `"format": "cel"` are expressions that the type evaluates itself (`StepKind` in `language.building` tells of the
    keywords that say what they see and give). `output_schema` says what it gives.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]
    output_schema: ClassVar[Mapping[str, Any]] = {}
    has_body: ClassVar[bool] = False
    has_branches: ClassVar[bool] = False
    """Which fields of a definition's step hold its steps: `steps`, `branches` or neither."""


class Pure(StepType):
    """Decides at once, from its config alone: made again after a crash, it does the same. Never retried."""

    @abstractmethod
    def decide(self, config: Any) -> Result:
        """What it gives. Raises StepFailed."""


class Effect(StepType):
    """Reaches outside: it may be made twice when a runner dies, so it passes its idempotency key on."""

    @abstractmethod
    async def run(self, context: Context) -> Result:
        """Make an attempt. Raises StepFailed; anything else is a fault of ours, which is retried."""


class Waiting(StepType):
    """Waits, without a runner, for as long as it takes."""

    @abstractmethod
    def begin(self, config: Any, *, now: datetime) -> Pause:
        """What it waits for. Raises StepFailed."""

    @abstractmethod
    def resolve(self, config: Any, resolution: Any) -> Result:
        """What it gives when what it waited for came. Raises StepFailed."""

    @abstractmethod
    def expire(self, config: Any) -> Result:
        """What it gives when `due_time` passed. Raises StepFailed."""


class Evaluate(Protocol):
    """Evaluates an expression with what its step may see. Raises StepFailed."""

    def __call__(
        self, expression: Expression, variables: Mapping[str, Any] | None = None, steps: Mapping[str, Any] | None = None
    ) -> Any:
        """Its value; `variables` and `steps` (id → output, status, error) are seen besides, and first."""


@dataclass(frozen=True, slots=True)
class Child:
    """Steps of a block that run once. `key` goes behind the block's path: `[3]`, `:big`."""

    key: str
    scope: Scope
    variables: Mapping[str, Any] = field(default_factory=dict)


class Progress(ABC):
    """How far one block has come: the children that it opens, `width` at a time, and what it makes of their outputs.

    The engine asks `next` while it may open another, tells each output to `take`, and asks `output` when `next` gives
    None and no child is open. A rebuilt execution goes through the same calls with what is recorded: what is decided
    here depends on nothing else.
    """

    width: int = 1

    @abstractmethod
    def next(self) -> Child | None:
        """The next child, or None. Raises StepFailed, and has not changed then."""

    @abstractmethod
    def take(self, child: Child, output: Any, steps: Mapping[str, Any]) -> None:
        """A child has ended well; `steps` are its own by id."""

    @abstractmethod
    def output(self) -> Any:
        """What the block gives."""


class Block(StepType):
    """Holds steps. The expression `output` of its `with`, where there is one, makes the output of each child.

    Children of a block with `bounded` do not count as steps of the execution: it limits their number itself.
    """

    bounded: ClassVar[bool] = False

    @abstractmethod
    def open(self, step: Step, config: Mapping[str, Any], evaluate: Evaluate) -> Progress:
        """Begin. Raises StepFailed."""


Types = Mapping[str, StepType]
