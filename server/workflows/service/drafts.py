"""What is asked of a start, and what can be told of it before the database is asked: its input and its keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from server.core import structs
from server.events import schemas
from server.workflows.engine.types import StepError
from server.workflows.language.definition import Concurrency, Definition, Expression
from server.workflows.language.faults import ExpressionFailed
from server.workflows.queries.starting import Key, Opened

#: How many executions may have led to one another: parents and children, and workflows that trigger each other.
MOST_DEPTH: Final = 10
DEPTH_LIMIT: Final = "DEPTH_LIMIT"
MAX_INPUT: Final = 1024 * 1024
READY: Final = "READY"
#: Longer keys are known by their digest.
_LONGEST_KEY: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """An execution that is asked for.

    `cause` is what the variable `trigger` has beside its kind, which is `trigger` (`id`, `event`, `time`); `facts` are
    the variables `workspace` and `workflow`. What is None comes from the definition or the current call. `refusal` is
    a reason that was found before, `id` an id that was made before. Those of one `row` go one after the other, in their
    order, unless the definition says what goes at a time.
    """

    workspace_id: UUID
    workflow_id: UUID
    version: int
    definition: Definition
    input: Any
    trigger: str = "MANUAL"
    cause: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    priority: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    timeout: timedelta | None = None
    parent_id: UUID | None = None
    parent_path: str | None = None
    depth: int = 0
    forked_from: UUID | None = None
    actor: str | None = None
    trace_parent: str | None = None
    refusal: StepError | None = None
    id: UUID | None = None
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """What became of a start: QUEUED, READY, WAITING for the rate's turn, or FAILED with `error`.

    `repeated` says that its idempotency key was used before: the rest is of the execution of then, whose state is not
    told. `row` is what was written, unless something else changed it at once.
    """

    id: UUID
    create_time: datetime
    state: str
    repeated: bool = False
    error: StepError | None = None
    row: Opened | None = None


@dataclass(slots=True)
class Draft:
    """A start on its way: what is known of it so far."""

    start: Start
    id: UUID
    now: datetime
    input: str = "{}"
    state: str = READY
    concurrency: Concurrency | None = None
    concurrency_key: str | None = None
    rate_key: str | None = None
    idempotency_key: str | None = None
    due_time: datetime | None = None
    is_cancelled: bool = False
    repeats: UUID | None = None
    error: StepError | None = None
    row: Opened | None = None

    def slot(self, key: str | None) -> Key | None:
        """The slot of a key of this start; None without one, and when it is refused."""
        return None if key is None or self.error is not None else (self.start.workflow_id, key)


def variables(wanted: Start) -> dict[str, Any]:
    """What the keys of a definition may name: `input`, `trigger`, `workspace` and `workflow`."""
    trigger = {"kind": wanted.trigger, "id": "", "event": None, "time": None, **wanted.cause}
    return {"input": wanted.input, "trigger": trigger, "workspace": {}, "workflow": {}, **wanted.facts}


def read(draft: Draft) -> None:
    """What the start says of itself, or why it is refused."""
    wanted, definition = draft.start, draft.start.definition
    fault = _input_error(draft)
    draft.error = wanted.refusal or fault
    if draft.error is None and wanted.depth > MOST_DEPTH:
        message = f"More than {MOST_DEPTH} executions led to one another. Look for workflows that start each other."
        draft.error = StepError(DEPTH_LIMIT, message, retryable=False)
    if draft.error is not None:
        if wanted.idempotency_key is not None:
            draft.idempotency_key = _short(wanted.idempotency_key)
        return
    values = variables(wanted)
    try:
        draft.concurrency = definition.concurrency
        if definition.concurrency is not None:
            draft.concurrency_key = _key(definition.concurrency.key, values)
        elif wanted.row is not None:
            draft.concurrency, draft.concurrency_key = Concurrency(None, limit=1), _short(wanted.row)
        if definition.rate_limit is not None:
            draft.rate_key = _key(definition.rate_limit.key, values)
        if wanted.idempotency_key is not None:
            draft.idempotency_key = _short(wanted.idempotency_key)
        elif definition.idempotency_key is not None:
            draft.idempotency_key = _key(definition.idempotency_key, values)
    except ExpressionFailed as failure:
        draft.error = StepError("EXPRESSION_FAILED", str(failure), retryable=False, details=failure.details)


def _input_error(draft: Draft) -> StepError | None:
    """Why the input is not taken; notes its JSON when it is."""
    value, schema = draft.start.input, draft.start.definition.input_schema
    if not isinstance(value, Mapping):
        return _invalid("The input is not a JSON object.")
    try:
        text = structs.dumps(value)
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return _invalid("The input is not JSON.")
    if len(text) > MAX_INPUT or "\\u0000" in text:
        return _invalid(f"The input has more than {MAX_INPUT} characters, or the character U+0000.")
    draft.input = text
    if schema is None:
        return None
    validator = schemas.compiled(structs.dumps(schema))
    if validator.takes(value):
        return None
    faults = [
        {"field": fault.field, "description": fault.description} for fault in validator.violations(value, at="input")
    ]
    return _invalid("The input does not match the workflow's input_schema.", violations=faults)


def _invalid(message: str, **details: Any) -> StepError:
    return StepError("INPUT_INVALID", message, retryable=False, details=details)


def _key(expression: Expression | None, values: Mapping[str, Any]) -> str:
    """The key that an expression gives; all executions share one without it. Raises ExpressionFailed."""
    if expression is None:
        return ""
    value = expression.evaluate(values)
    return _short(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


def _short(text: str) -> str:
    text = text.replace("\0", "")
    return text if len(text) <= _LONGEST_KEY else sha256(text.encode()).hexdigest()
