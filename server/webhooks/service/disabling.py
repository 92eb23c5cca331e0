"""Giving an endpoint up: its receiver is gone, or answered nothing well for days. For workers."""

from typing import Final
from uuid import UUID

from server.core import ids, jobs, tenancy
from server.webhooks.convert import endpoints as convert
from server.webhooks.queries import endpoints as queries
from server.webhooks.queries import owners
from server.webhooks.service import versions
from userdata.jobs.v1.webhooks_pb2 import SendEndpointDisabledEmail
from userdata.webhooks.v1.webhook_events_pb2 import WebhookEndpointDisabled

#: More owners than these hear of it from the others.
_MOST_LETTERS: Final = 20


def disable(workspace_id: UUID, endpoint_id: UUID, reason: str) -> bool:
    """Disable an active endpoint for `reason` (GONE or FAILING), tell of it and write to the owners.

    What is open stays so, and is delivered when somebody resumes the endpoint. Runs in the caller's transaction, which
    goes on in the workspace. False, and nothing happens, when the endpoint is deleted, paused or disabled already.
    """
    tenancy.enter(workspace_id)
    found = queries.lock(workspace_id, endpoint_id)
    if found is None or found[0].state != "ACTIVE":
        return False
    before, lane = found
    row = versions.change(before, state="DISABLED", state_reason=reason)
    queries.block(workspace_id, endpoint_id)
    versions.publish("disabled", row, WebhookEndpointDisabled(endpoint=convert.endpoint(row, lane)))
    workspace, endpoint = ids.encode("ws", workspace_id), ids.encode("whe", endpoint_id)
    for owner in owners.of(workspace_id, limit=_MOST_LETTERS):
        user = ids.encode("usr", owner)
        jobs.enqueue(SendEndpointDisabledEmail(workspace_id=workspace, endpoint_id=endpoint, user_id=user))
    return True
