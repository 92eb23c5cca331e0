"""Queries on `webhook_secret`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from server.webhooks.models import Secret
from server.webhooks.queries.rows import SECRET, SecretRow


def valid(workspace_id: UUID, endpoint_id: UUID, *, now: datetime) -> list[SecretRow]:
    """The secrets that an endpoint's deliveries are signed with, the newest first."""
    is_valid = Secret.expire_time.is_null() | (Secret.expire_time > now)
    where = (Secret.workspace == workspace_id) & (Secret.endpoint == endpoint_id) & is_valid
    rows: Any = Secret.select(*SECRET).where(where).order_by(Secret.create_time.desc(), Secret.id.desc()).tuples()
    return [SecretRow._make(row) for row in rows]


def insert(row: SecretRow) -> None:
    """Insert `row`."""
    Secret.insert(**row._asdict()).execute()


def expire(workspace_id: UUID, endpoint_id: UUID, *, at: datetime) -> None:
    """Let the secret that has no end yet end at `at`."""
    where = (Secret.workspace == workspace_id) & (Secret.endpoint == endpoint_id) & Secret.expire_time.is_null()
    Secret.update(expire_time=at).where(where).execute()


def delete(workspace_id: UUID, endpoint_id: UUID, *, expired_before: datetime | None = None) -> None:
    """Delete an endpoint's secrets; with `expired_before`, only those that ended before then."""
    where = (Secret.workspace == workspace_id) & (Secret.endpoint == endpoint_id)
    if expired_before is not None:
        where &= Secret.expire_time <= expired_before
    Secret.delete().where(where).execute()
