"""Deleting what is past its time, and what a workspace leaves of webhooks, some at a time.

Finished deliveries, attempts, skips and receipts are not here: their partitions are dropped when their time is over.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import batches
from server.webhooks.models import (
    Endpoint,
    EndpointHour,
    EndpointVersion,
    Lane,
    OpenDelivery,
    PortalSession,
    Replay,
    Secret,
    Source,
)

#: In the order in which they go: what refers to an endpoint before the endpoint itself.
_TABLES: Final = (
    (OpenDelivery, OpenDelivery.workspace_id, OpenDelivery.event_id),
    (Replay, Replay.workspace, Replay.id),
    (Secret, Secret.workspace, Secret.workspace),
    (EndpointHour, EndpointHour.workspace, EndpointHour.workspace),
    (Lane, Lane.workspace, Lane.workspace),
    (EndpointVersion, EndpointVersion.workspace, EndpointVersion.create_time),
    (Endpoint, Endpoint.workspace, Endpoint.id),
    (Source, Source.workspace, Source.id),
    (PortalSession, PortalSession.workspace, PortalSession.id),
)


def delete_expired_secrets(*, now: datetime, limit: int) -> int:
    """Delete at most `limit` secrets of any workspace that sign no more; gives how many."""
    return batches.delete_some(Secret, Secret.expire_time <= now, oldest=Secret.expire_time, limit=limit)


def delete_ended_sessions(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` portal sessions of any workspace that ended before then, links never used among them."""
    ended = (PortalSession.code_expire_time < before) & (
        PortalSession.expire_time.is_null() | (PortalSession.expire_time < before)
    )
    return batches.delete_some(PortalSession, ended, oldest=PortalSession.code_expire_time, limit=limit)


def delete_some(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows that belong to the workspace; gives how many, 0 when none is left."""
    for model, owner, oldest in _TABLES:
        deleted = batches.delete_some(model, owner == workspace_id, oldest=oldest, limit=limit)
        if deleted:
            return deleted
    return 0
