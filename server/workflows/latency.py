"""How the lengths of executions are counted: in buckets of 1 ms to 12 days, a row of them for a day."""

from typing import Final

from server.core.histograms import Buckets

#: A row of `workflow_day.latencies` holds `BUCKETS.count` counts.
BUCKETS: Final = Buckets(30)
