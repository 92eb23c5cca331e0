"""How latencies are counted: in buckets, so that an hour of attempts is one short row and hours can be added up.

Bounds grow by a half and a third in turn, so a quantile read from a bucket is at most half off.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

#: The upper bounds of the buckets in milliseconds, inclusive: 1 to 32,768. What takes longer is in one more bucket.
BOUNDS: Final = (*(bound for power in range(15) for bound in (1.0 * (1 << power), 1.5 * (1 << power))), 32_768.0)
#: How many counts a row of `webhook_endpoint_hour.latencies` holds.
BUCKETS: Final = len(BOUNDS) + 1


def bucket(milliseconds: float) -> int:
    """The index of the bucket that counts an attempt of this length."""
    return bisect_left(BOUNDS, milliseconds)


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The latency in milliseconds that `share` (0 to 1) of the attempts in `counts` did not exceed; None for none.

    Within a bucket attempts are taken as spread evenly. The last bucket has no upper bound and gives its lower one.
    """
    rank = share * sum(counts)
    if not rank:
        return None
    below = 0
    for index, count in enumerate(counts[: len(BOUNDS)]):
        if count and below + count >= rank:
            start = BOUNDS[index - 1] if index else 0.0
            return start + (BOUNDS[index] - start) * (rank - below) / count
        below += count
    return BOUNDS[-1]


def total(rows: Sequence[Sequence[int]]) -> list[int]:
    """The sum of several rows of counts, bucket by bucket."""
    return [sum(counts) for counts in zip(*rows, strict=True)] if rows else [0] * BUCKETS
