"""Cancelling what is left of a deleted endpoint's deliveries, in batches, by a job."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from server.core import clock, ids, jobs
from server.webhooks.queries import cancelling
from server.webhooks.queries.rows import EndpointRow
from userdata.jobs.v1.webhooks_pb2 import CancelDeliveries

#: Some deliveries are being sent, and a fan-out that had read the endpoint before it was deleted may open more; by then
#: that is over, leases included.
_AGAIN: Final = (timedelta(seconds=5), timedelta(minutes=1))
_BATCH: Final = 1000


def enqueue(row: EndpointRow) -> None:
    """Have the open deliveries of the endpoint cancelled when the transaction commits, and those that come late."""
    job = CancelDeliveries(workspace_id=ids.encode("ws", row.workspace_id), endpoint_id=ids.encode("whe", row.id))
    jobs.enqueue(job)
    for delay in _AGAIN:
        jobs.enqueue(job, run_time=clock.now() + delay)


def cancel(workspace_id: UUID, endpoint_id: UUID) -> bool:
    """Cancel some open deliveries of the endpoint; True when none is left. For workers."""
    now = clock.now()
    events = cancelling.left(workspace_id, endpoint_id, now=now, limit=_BATCH)
    cancelling.cancel(workspace_id, endpoint_id, events, now=now)
    return len(events) < _BATCH
