"""Jobs of webhooks that take longer than a call may: one bounded batch each, and a new job for the next batch."""

from datetime import UTC

from server.core import ids, jobs, tenancy
from server.webhooks.service import cancelling, replays
from userdata.jobs.v1.webhooks_pb2 import CancelDeliveries, ContinueReplay
from workers.registry import handles


@handles(CancelDeliveries)
def cancel_deliveries(job: CancelDeliveries) -> None:
    """Cancel what is open of a deleted endpoint."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    delete_time = job.delete_time.ToDatetime(tzinfo=UTC)
    again = cancelling.cancel(workspace_id, ids.decode("whe", job.endpoint_id), delete_time=delete_time)
    if again is not None:
        jobs.enqueue(job, run_time=again)


@handles(ContinueReplay)
def continue_replay(job: ContinueReplay) -> None:
    """Take a replay one stretch of events further; it enqueues the next run itself."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    replays.advance(workspace_id, ids.decode("whr", job.replay_id))
