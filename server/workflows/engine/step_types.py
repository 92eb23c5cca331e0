"""What a type of step is. A new one is a subclass in a file of its own and a line in `registry`."""

from abc import ABC
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from server.workflows.engine.types import Emission, Line, StepError, Wait


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
    """A type of step. Subclass one of the three below.

    `schema` is the JSON Schema of `with`, where a string `${…}` stands for any value; fields with
    `"format": "cel"` are expressions that the type evaluates itself. `output_schema` says what it gives.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]
    output_schema: ClassVar[Mapping[str, Any]] = {}
    has_body: ClassVar[bool] = False
    has_branches: ClassVar[bool] = False


class Pure(StepType):
    """Decides at once, from its config alone: made again after a crash, it does the same. Never retried."""

    def decide(self, config: Any) -> Result:
        """What it gives. Raises StepFailed."""
        raise NotImplementedError


class Effect(StepType):
    """Reaches outside: it may be made twice when a runner dies, so it passes its idempotency key on."""

    async def run(self, context: Context) -> Result:
        """Make an attempt. Raises StepFailed; anything else is a fault of ours, which is retried."""
        raise NotImplementedError


class Waiting(StepType):
    """Waits, without a runner, for as long as it takes."""

    def begin(self, config: Any, *, now: datetime) -> Pause:
        """What it waits for. Raises StepFailed."""
        raise NotImplementedError

    def resolve(self, config: Any, resolution: Any) -> Result:
        """What it gives when what it waited for came. Raises StepFailed."""
        raise NotImplementedError

    def expire(self, config: Any) -> Result:
        """What it gives when `due_time` passed. Raises StepFailed."""
        raise NotImplementedError


Types = Sequence[StepType]
