"""Jobs of webhooks that take longer than a call may: one bounded batch each, and a new job for the next batch."""

from server.core import ids, jobs, tenancy
from server.webhooks.service import cancelling
from userdata.jobs.v1.webhooks_pb2 import CancelDeliveries
from workers.registry import handles


@handles(CancelDeliveries)
def cancel_deliveries(job: CancelDeliveries) -> None:
    """Cancel what is open of a deleted endpoint."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    if not cancelling.cancel(workspace_id, ids.decode("whe", job.endpoint_id)):
        jobs.enqueue(job)
