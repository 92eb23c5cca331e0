"""A definition as the engine reads it: made by `parsing`, compiled, frozen, and kept as long as a process likes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

#: How an execution ends when a step fails for good: with it, as if it had not, or by another step.
FAIL: Final = "FAIL"
CONTINUE: Final = "CONTINUE"
GOTO: Final = "GOTO"


class Expression(Protocol):
    """A compiled expression, or a template of JSON with expressions in its strings.

    `values` are the variables by name, as JSON and aware datetimes: input, steps (id → output, status, error), trigger,
    workspace, workflow, execution, secrets, and where there are: item, index, error.
    """

    @property
    def text(self) -> str:
        """It as written; the JSON text of a template."""

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Its value as JSON. Raises ExpressionFailed."""

    def needed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The part of `values` that it names, so that it can be evaluated elsewhere and later."""


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed attempt is made again. Times are in seconds, `max_attempts` counts the first one.

    `jitter` is the share of a delay that is left to chance, 0 to 1. `retry_on` are error codes; none is all that may be
    retried.
    """

    max_attempts: int = 1
    initial: float = 1.0
    factor: float = 2.0
    max: float = 3600.0
    jitter: float = 0.5
    retry_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OnError:
    """What becomes of the scope when the step fails for good; `step` is what GOTO begins, a step of the same scope."""

    action: str = FAIL
    step: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A list of steps that a `switch` may take or a `parallel` takes beside the others. No `when` is the default."""

    name: str
    when: Expression | None
    scope: "Scope"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step. `config` is its `with`; `timeout` and `cache_ttl` are seconds.

    `body` are the steps inside of a `foreach` or `while`, `branches` those of a `switch` or `parallel`.
    """

    id: str
    type: str
    name: str = ""
    needs: tuple[str, ...] = ()
    condition: Expression | None = None
    config: Expression | None = None
    expressions: Mapping[str, Expression] = field(default_factory=dict)
    """The fields of `with` that the type evaluates itself (`items`, `condition`, `match`), by name."""
    retry: Retry = Retry()
    timeout: float | None = None
    on_error: OnError = OnError()
    cache_ttl: float | None = None
    body: "Scope | None" = None
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Steps that may need each other. They begin when what they need is done; those that need nothing, at once.

    `output` makes the scope's value; without it, it is the output of each step by its id.
    """

    steps: tuple[Step, ...]
    output: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Concurrency:
    """At most `limit` executions of one `key` at a time. `on_conflict`: QUEUE, CANCEL_OLDEST or REJECT."""

    key: Expression | None
    limit: int
    on_conflict: str = "QUEUE"


@dataclass(frozen=True, slots=True, eq=False)
class RateLimit:
    """At most `limit` starts of one `key` in `period` seconds; more wait for their turn."""

    key: Expression | None
    limit: int
    period: float


@dataclass(frozen=True, slots=True, eq=False)
class Trigger:
    """What starts an execution: kind EVENT, SCHEDULE, WEBHOOK or WORKFLOW. `input` makes its input.

    `text` is the trigger as the definition has it.
    """

    id: str
    kind: str
    text: Mapping[str, Any]
    filter: Expression | None = None
    input: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A whole workflow. `timeout` and `retention` are seconds; `text` is the definition as it is stored.

    `secrets` are the names of those that its expressions name.
    """

    scope: Scope
    text: Mapping[str, Any]
    input_schema: Mapping[str, Any] | None = None
    triggers: tuple[Trigger, ...] = ()
    on_failure: Scope | None = None
    timeout: float | None = None
    concurrency: Concurrency | None = None
    rate_limit: RateLimit | None = None
    idempotency_key: Expression | None = None
    priority: int = 3
    retention: float | None = None
    secrets: frozenset[str] = frozenset()
