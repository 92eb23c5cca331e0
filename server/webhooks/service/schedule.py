"""When a delivery is tried again.

An endpoint says how long before each attempt (conf.RETRY_DELAYS when it does not). `Retry-After` is honoured on 429 and
503 (RFC 9110 §10.2.3, RFC 6585 §4), never to come earlier than the schedule and never later than a day.
"""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final

#: A delay is made up to this share longer or shorter, so that what failed together does not come back together.
JITTER: Final = 0.2
LONGEST_WAIT: Final = timedelta(hours=24)
_WAITING: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def next_delay(
    delays: Sequence[int], tries: int, *, luck: float, status: int | None, retry_after: timedelta | None
) -> timedelta | None:
    """The time from the end of try number `tries` to the next one; None when that was the last.

    `delays` are the endpoint's, in seconds; `luck` is a random number from 0 to 1 that makes the jitter; `retry_after`
    is what the receiver asked for with `status`.
    """
    if tries >= len(delays):
        return None
    delay = timedelta(seconds=delays[tries] * (1 + JITTER * (2 * luck - 1)))
    if retry_after is None or status not in _WAITING:
        return delay
    return max(delay, min(retry_after, LONGEST_WAIT))
