"""Rows as the queries give them: plain tuples with names, cheap to make and impossible to change by accident."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.webhooks.models import Endpoint, Lane, PortalSession, Secret


class EndpointRow(NamedTuple):
    """A row of `webhook_endpoint`. `headers` and `auth` are sealed (server.webhooks.sealing)."""

    id: UUID
    workspace_id: UUID
    url: str
    url_key: str
    description: str
    event_types: list[str]
    filter: str
    channels: list[str]
    headers: bytes
    signature: str
    retry_delays: list[int]
    timeout_seconds: int
    rate_limit: int | None
    ordering: str
    format: str
    transformation: str
    auth_kind: str
    auth: bytes
    state: str
    state_reason: str
    labels: dict[str, str]
    verify_time: datetime | None
    revision: int
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None


class LaneRow(NamedTuple):
    """What an endpoint's readers see of its lane; `blocked_time` is None while it is blocked for ever."""

    breaker: str
    blocked_time: datetime | None


class SecretRow(NamedTuple):
    """A row of `webhook_secret`; `secret` is sealed."""

    id: UUID
    endpoint_id: UUID
    workspace_id: UUID
    secret: bytes
    create_time: datetime
    expire_time: datetime | None


class HourRow(NamedTuple):
    """A row of `webhook_endpoint_hour`."""

    hour: datetime
    succeeded: int
    failed: int
    latencies: list[int]


class PortalSessionRow(NamedTuple):
    """A row of `webhook_portal_session` without its hashes."""

    id: UUID
    workspace_id: UUID
    creator: str
    permissions: list[str]
    code_expire_time: datetime
    expire_time: datetime | None
    revoke_time: datetime | None
    create_time: datetime


def _columns(row: Any, model: type[peewee.Model]) -> list[Any]:
    return [getattr(model, name) for name in row._fields]


ENDPOINT: Final = _columns(EndpointRow, Endpoint)
SECRET: Final = _columns(SecretRow, Secret)
PORTAL_SESSION: Final = _columns(PortalSessionRow, PortalSession)
#: Infinity has no place in a datetime.
LANE: Final = [Lane.breaker, peewee.fn.NULLIF(Lane.blocked_time, peewee.SQL("'infinity'::timestamptz"))]
