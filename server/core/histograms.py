"""Counting lengths of time in buckets, so that a day of them is one short row and days can be added up.

Bounds grow by a half and a third in turn, so a quantile read from a bucket is at most half off.
"""

from bisect import bisect_left
from collections.abc import Sequence


class Buckets:
    """Buckets of milliseconds, from 1 up. What is longer than the last bound is in one more bucket."""

    def __init__(self, powers: int) -> None:
        """The last bound, inclusive as all are, is 2 to the `powers` milliseconds."""
        steps = (bound for power in range(powers) for bound in (1.0 * (1 << power), 1.5 * (1 << power)))
        self.bounds = (*steps, 1.0 * (1 << powers))
        #: How many counts a row of them holds.
        self.count = len(self.bounds) + 1

    def bucket(self, milliseconds: float) -> int:
        """The index of the bucket that counts one of this length."""
        return bisect_left(self.bounds, milliseconds)

    def quantile(self, counts: Sequence[int], share: float) -> float | None:
        """The length in milliseconds that `share` (0 to 1) of those in `counts` did not exceed; None for none.

        Within a bucket they are taken as spread evenly. The last bucket has no upper bound and gives its lower one.
        """
        rank = share * sum(counts)
        if not rank:
            return None
        below = 0
        for index, count in enumerate(counts[: len(self.bounds)]):
            if count and below + count >= rank:
                start = self.bounds[index - 1] if index else 0.0
                return start + (self.bounds[index] - start) * (rank - below) / count
            below += count
        return self.bounds[-1]

    def total(self, rows: Sequence[Sequence[int]]) -> list[int]:
        """The sum of several rows of counts, bucket by bucket."""
        return [sum(counts) for counts in zip(*rows, strict=True)] if rows else [0] * self.count
