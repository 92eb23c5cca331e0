"""Jobs of workflows that take longer than a call may: one bounded batch each, and a new job for the next batch."""

from server.core import ids, tenancy
from server.workflows.service import bulk
from userdata.jobs.v1.workflows_pb2 import CancelExecutions, RetryExecutions
from workers.registry import handles


@handles(CancelExecutions)
def cancel_executions(job: CancelExecutions) -> None:
    """Cancel some of the executions that somebody wants cancelled."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    bulk.go_on_cancelling(workspace_id, job)


@handles(RetryExecutions)
def retry_executions(job: RetryExecutions) -> None:
    """Retry some of the executions that somebody wants retried."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    bulk.go_on_retrying(workspace_id, job)
