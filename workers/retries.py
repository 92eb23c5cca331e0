"""When a job that failed is tried again, and when nobody tries any more."""

import random
from datetime import timedelta
from typing import Final

#: Ten attempts take 16 to 25 hours, so that a mail server may be away for most of a day.
MOST_ATTEMPTS: Final = 10
_FIRST: Final = timedelta(seconds=15)
_FACTOR: Final = 3
_LONGEST: Final = timedelta(hours=8)
#: Jobs that failed together must not come back together.
_JITTER: Final = 0.2


def delay(attempts: int, *, chance: float | None = None) -> timedelta:
    """Time until the next attempt, after `attempts` (at least 1) failed. `chance` in [0, 1) is random by default."""
    luck = random.random() if chance is None else chance  # noqa: S311 - it spreads load, it keeps no secret
    exact: timedelta = min(_FIRST * _FACTOR ** min(attempts - 1, MOST_ATTEMPTS), _LONGEST)
    return exact * (1 + _JITTER * (2 * luck - 1))


class GiveUp(Exception):
    """Trying again cannot help: the job is dead at once. The text says why, and what a person can do."""
