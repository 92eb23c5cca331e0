"""The rate limit of an endpoint, by the generic cell rate algorithm: one moment is all there is to remember.

That moment, `rate_time`, is when the bucket is full again. A delivery moves it by the time that one is worth, and may
go as long as it is no further than one bucket, a second's worth, ahead of now.
"""

from datetime import datetime, timedelta
from typing import Final

_BUCKET: Final = timedelta(seconds=1)


def allowed(rate_time: datetime, *, limit: int, now: datetime) -> int:
    """How many deliveries may go at `now`; `limit` is per second."""
    ahead = max(rate_time - now, timedelta(0))
    return max((_BUCKET - ahead) // cost(limit), 0)


def used(rate_time: datetime, count: int, *, limit: int, now: datetime) -> datetime:
    """`rate_time` after `count` deliveries went at `now`."""
    return max(rate_time, now) + count * cost(limit)


def next_time(rate_time: datetime, *, limit: int) -> datetime:
    """When the next delivery may go."""
    return rate_time + cost(limit) - _BUCKET


def cost(limit: int) -> timedelta:
    """What one delivery is worth, in whole microseconds: rather too much than too little."""
    return timedelta(microseconds=-(-1_000_000 // limit))
