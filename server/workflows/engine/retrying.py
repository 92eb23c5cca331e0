"""Whether and when a failed attempt is made again."""

from datetime import datetime, timedelta

from server.workflows.engine.types import StepError
from server.workflows.language.definition import Retry


def next_attempt(retry: Retry, *, attempt: int, error: StepError, now: datetime, luck: float) -> datetime | None:
    """When the attempt after `attempt` begins; None when there is none. `luck` is 0 to 1 and scales the jitter."""
    if not error.retryable or attempt >= retry.max_attempts:
        return None
    if retry.retry_on and error.code not in retry.retry_on:
        return None
    delay = retry.initial
    for _ in range(attempt - 1):
        # Step by step, since a power of the factor may be beyond what a float holds.
        if delay >= retry.max:
            break
        delay *= retry.factor
    delay = min(delay, retry.max) * (1 - retry.jitter * luck)
    asked = error.details.get("retry_after")
    if isinstance(asked, int | float):
        # A receiver that says when to come back knows better, within what the definition allows.
        delay = max(delay, min(asked, retry.max))
    return now + timedelta(seconds=delay)
