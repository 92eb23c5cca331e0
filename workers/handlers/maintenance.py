"""Jobs that remove what is past its time: one bounded batch each, and a new job for the next batch."""

from typing import Final

from server.accounts.service import deletion
from server.accounts.service import maintenance as accounts
from server.core import clock, ids, jobs, tenancy
from server.events.service import retention as events
from server.webhooks.service import purge as webhooks
from server.workflows.service import forgetting
from server.workflows.service import purge as workflows
from server.workspaces.service import purge as workspaces
from userdata.jobs.v1.maintenance_pb2 import PurgeExpired, PurgeUsers, PurgeWorkspace, PurgeWorkspaces
from workers import queries
from workers.registry import handles

_USERS: Final = 50
_WORKSPACES: Final = 100
_ROWS: Final = 1000

# Nothing may refer to a workspace when it goes.
workspaces.ROOMS.extend([webhooks.purge_workspace, workflows.purge_workspace, events.purge_workspace])


@handles(PurgeUsers)
def purge_users(job: PurgeUsers) -> None:
    """Forget the people of accounts whose time has come."""
    if deletion.purge_due(_USERS):
        jobs.enqueue(job)


@handles(PurgeWorkspaces)
def purge_workspaces(_job: PurgeWorkspaces) -> None:
    """Have each workspace purged whose time has come. What is not reached now is at the scheduler's next round."""
    for workspace_id in workspaces.due(_WORKSPACES):
        jobs.enqueue(PurgeWorkspace(workspace_id=ids.encode("ws", workspace_id)))


@handles(PurgeWorkspace)
def purge_workspace(job: PurgeWorkspace) -> None:
    """Remove a deleted workspace and what is in it."""
    workspace_id = ids.decode("ws", job.workspace_id)
    tenancy.enter(workspace_id)
    if not workspaces.purge(workspace_id, _ROWS):
        jobs.enqueue(job)


@handles(PurgeExpired)
def purge_expired(job: PurgeExpired) -> None:
    """Remove rows that are past their use."""
    now = clock.now()
    gone = accounts.purge_expired(_ROWS)
    gone += queries.forget_answers(now=now, limit=_ROWS) + queries.forget_dead(now=now, limit=_ROWS)
    gone += events.forget_dedupe_keys(_ROWS) + webhooks.purge_expired(_ROWS) + forgetting.forget_expired(_ROWS)
    if gone:
        jobs.enqueue(job)
