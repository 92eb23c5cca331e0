"""What an execution may not exceed, and the count of it. What exceeds a limit fails with a sentence that says which."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from server.workflows.engine.step_types import StepFailed
from server.workflows.engine.types import StepError, Wait

MAX_STEPS: Final = 1_000
MAX_RECORDS: Final = 50_000
MAX_OUTPUT: Final = 1 << 20
MAX_OUTPUTS: Final = 10 << 20
MAX_WAIT: Final = timedelta(days=365)
MAX_DEPTH: Final = 10
#: Characters of an error's sentence, and of its details as JSON.
MAX_MESSAGE: Final = 4_096
MAX_DETAILS: Final = 32_768

#: Errors that no `on_error` goes on from: the execution has had its share.
FATAL: Final = frozenset({"STEP_LIMIT", "EXECUTION_TOO_LARGE"})

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Limits:
    """Counts attempts outside of bounded blocks, records and bytes of outputs."""

    steps: int = 0
    records: int = 0
    bytes: int = 0

    def begin(self, *, counted: bool) -> None:
        """Count an attempt that is to begin. Raises StepFailed."""
        if self.records >= MAX_RECORDS:
            raise _failed("STEP_LIMIT", f"An execution has at most {MAX_RECORDS:,} records.")
        if counted:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise _failed(
                    "STEP_LIMIT", f"An execution makes at most {MAX_STEPS:,} attempts of steps, not counting foreach."
                )

    def output(self, value: Any) -> None:
        """Count an output that is to be recorded. Raises StepFailed."""
        size = size_of(value)
        if size > MAX_OUTPUT:
            raise _failed("OUTPUT_TOO_LARGE", f"An output is at most 1 MiB of JSON; this one is {size:,} bytes.")
        if self.bytes + size > MAX_OUTPUTS:
            raise _failed("EXECUTION_TOO_LARGE", "The outputs of an execution are at most 10 MiB of JSON together.")
        self.bytes += size

    def wait(self, wait: Wait) -> None:
        """Look at what is to be set up for a wait. Raises StepFailed."""
        size = size_of([wait.name, dict(wait.data)])
        if size > MAX_OUTPUT:
            raise _failed("OUTPUT_TOO_LARGE", f"What a step hands on is at most 1 MiB of JSON; this is {size:,} bytes.")

    def recall(self, value: Any) -> None:
        """Count an output that is recorded."""
        self.bytes += size_of(value)


def size_of(value: Any) -> int:
    """The bytes of `value` as JSON. Raises StepFailed when it is no JSON that can be stored."""
    if value is None:
        return 4
    try:
        text = _ENCODE(value)
        size = len(text) if text.isascii() else len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise _failed("OUTPUT_INVALID", f"The output is no JSON: {error}") from error
    if "\\u0000" in text and _has_nul(value):
        raise _failed("OUTPUT_INVALID", "The output holds the character NUL, which cannot be stored.")
    return size


def fitting(error: StepError) -> StepError:
    """`error` as it is recorded: its sentence cut, and without details that are too large."""
    details = error.details
    if details and len(json.dumps(details, default=str)) > MAX_DETAILS:
        kept = {"step": details["step"]} if isinstance(details.get("step"), str) else {}
        details = {"omitted": "The details were too large."} | kept
    elif len(error.message) <= MAX_MESSAGE:
        return error
    return replace(error, message=error.message[:MAX_MESSAGE], details=details)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(_has_nul, value))


def _failed(code: str, message: str) -> StepFailed:
    return StepFailed(StepError(code, message, retryable=False))
