"""The circuit breaker of an endpoint: one that fails nearly always is asked now and then whether it is back.

While it is open the endpoint's deliveries wait and use up no attempts; each probe is an attempt at one of them.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

CLOSED: Final = "CLOSED"
OPEN: Final = "OPEN"
WINDOW: Final = timedelta(minutes=5)
#: Fewer attempts in a window say nothing.
LEAST_ATTEMPTS: Final = 10
#: The share of failures, in percent, at which it opens.
FAILURES_PERCENT: Final = 70
FIRST_PROBE: Final = timedelta(seconds=30)
LONGEST_PROBE: Final = timedelta(minutes=10)
_MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Breaker:
    """What a lane remembers. `opened` counts the probes that failed, and the opening, since it last was closed.

    `failing_time` is the first failure after which nothing succeeded.
    """

    state: str
    opened: int
    window_time: datetime
    window_attempts: int
    window_failures: int
    failing_time: datetime | None

    @property
    def is_troubled(self) -> bool:
        """Whether a success has to be told to it; successes of a healthy endpoint change nothing."""
        return self.state == OPEN or self.window_failures > 0 or self.failing_time is not None


def after(before: Breaker, *, succeeded: int, failed: int, probed: bool, now: datetime) -> Breaker:
    """The breaker after attempts that ended by `now`; `probed` says that a probe was among the failed ones.

    A success closes it. What was sent before it opened, and fails after, is no probe and keeps it as it is.
    """
    if not succeeded and not failed:
        return before
    if before.state == OPEN:
        if succeeded:
            return closed(now)
        return replace(before, opened=before.opened + probed)
    counted = _counted(before, succeeded=succeeded, failed=failed, now=now)
    if opens(counted):
        return replace(counted, state=OPEN, opened=1)
    return counted


def opens(breaker: Breaker) -> bool:
    """Whether the attempts of the window are many and bad enough."""
    percent = 100 * breaker.window_failures
    return breaker.window_attempts >= LEAST_ATTEMPTS and percent >= FAILURES_PERCENT * breaker.window_attempts


def probe_delay(opened: int) -> timedelta:
    """The time until the next probe after `opened` failures in a row: 30 s, doubling to 10 min."""
    doublings = min(max(opened - 1, 0), _MOST_DOUBLINGS)
    return min(FIRST_PROBE * (1 << doublings), LONGEST_PROBE)


def closed(now: datetime) -> Breaker:
    """A breaker that knows of no failures."""
    return Breaker(CLOSED, 0, now, 0, 0, None)


def _counted(before: Breaker, *, succeeded: int, failed: int, now: datetime) -> Breaker:
    fresh = before if now - before.window_time < WINDOW else replace(closed(now), failing_time=before.failing_time)
    return replace(
        fresh,
        window_attempts=fresh.window_attempts + succeeded + failed,
        window_failures=fresh.window_failures + failed,
        failing_time=None if succeeded else before.failing_time or now,
    )
