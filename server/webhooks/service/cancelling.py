"""Cancelling what is left of a deleted endpoint's deliveries, by a job that comes back until all is done."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import clock, ids, jobs
from server.webhooks.queries import cancelling
from server.webhooks.queries.rows import EndpointRow
from userdata.jobs.v1.webhooks_pb2 import CancelDeliveries

_BATCH: Final = 1000
#: A fan-out that had read the endpoint before it was deleted may open deliveries after; by then it is over.
_LATEST: Final = timedelta(seconds=30)
#: What is being sent is left to its worker. It is looked for again after the time since the deletion, within bounds.
_SOONEST: Final = timedelta(seconds=1)
_RAREST: Final = timedelta(minutes=1)


def enqueue(row: EndpointRow) -> None:
    """Have the open deliveries of the endpoint, deleted just now, cancelled after the transaction commits."""
    job = CancelDeliveries(workspace_id=ids.encode("ws", row.workspace_id), endpoint_id=ids.encode("whe", row.id))
    job.delete_time.FromDatetime(row.update_time)
    jobs.enqueue(job)


def cancel(workspace_id: UUID, endpoint_id: UUID, *, delete_time: datetime) -> datetime | None:
    """Cancel some open deliveries of an endpoint; gives when to come back, None when all is done. For workers."""
    now = clock.now()
    events = cancelling.left(workspace_id, endpoint_id, now=now, limit=_BATCH)
    cancelling.cancel(workspace_id, endpoint_id, events, now=now)
    if len(events) == _BATCH:
        return now
    since = now - delete_time
    if since >= _LATEST and not cancelling.has_open(workspace_id, endpoint_id):
        return None
    return now + min(max(since, _SOONEST), _RAREST)
