"""Pausing and resuming endpoints."""

from uuid import UUID

from server.core import clock, ids
from server.core.call import Call
from server.webhooks.convert import endpoints as convert
from server.webhooks.errors import EndpointDisabled
from server.webhooks.queries import endpoints as queries
from server.webhooks.queries import lanes
from server.webhooks.queries.rows import EndpointRow, LaneRow
from server.webhooks.service import endpoints, versions
from userdata.webhooks.v1.webhook_events_pb2 import WebhookEndpointPaused, WebhookEndpointResumed


def pause(caller: Call, endpoint_id: UUID, *, etag: str) -> tuple[EndpointRow, LaneRow]:
    """The endpoint, whose deliveries are held from now on. Raises NotFound, Aborted, EndpointDisabled."""
    before, lane = endpoints.hold(caller, endpoint_id, etag=etag)
    if before.state == "PAUSED":
        return before, lane
    if before.state == "DISABLED":
        raise EndpointDisabled(endpoint_id=ids.encode("whe", before.id))
    row = versions.change(before, state="PAUSED")
    queries.block(row.workspace_id, row.id)
    versions.publish("paused", row, WebhookEndpointPaused(endpoint=convert.endpoint(row, lane)))
    return row, lane


def resume(caller: Call, endpoint_id: UUID, *, etag: str) -> tuple[EndpointRow, LaneRow]:
    """The endpoint, active and with a closed breaker. An active one stays as it is. Raises NotFound, Aborted."""
    before, lane = endpoints.hold(caller, endpoint_id, etag=etag)
    if before.state == "ACTIVE":
        return before, lane
    row = versions.change(before, state="ACTIVE", state_reason="")
    lane = LaneRow("CLOSED", clock.now())
    versions.publish("resumed", row, WebhookEndpointResumed(endpoint=convert.endpoint(row, lane)))
    # Last, so that whoever looks at the lane then sees an endpoint that is active.
    queries.unblock(row.workspace_id, row.id, now=clock.now())
    lanes.wake([row.id], now=clock.now())
    return row, lane
