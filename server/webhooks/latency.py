"""How latencies of attempts are counted: in buckets of 1 to 32,768 ms, a row of them for an hour."""

from typing import Final

from server.core.histograms import Buckets

_BUCKETS: Final = Buckets(15)
#: The upper bounds of the buckets in milliseconds, inclusive. What takes longer is in one more bucket.
BOUNDS: Final = _BUCKETS.bounds
#: How many counts a row of `webhook_endpoint_hour.latencies` holds.
BUCKETS: Final = _BUCKETS.count
bucket = _BUCKETS.bucket
quantile = _BUCKETS.quantile
total = _BUCKETS.total
