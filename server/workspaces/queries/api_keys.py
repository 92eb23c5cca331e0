"""Queries on `workspace_api_key`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core.db import db
from server.workspaces.models import WorkspaceApiKey
from server.workspaces.queries.rows import WORKSPACE_API_KEY, WorkspaceApiKeyRow

# Who presents a key has named no workspace yet. The policy `presented` shows the one row that the key hashes to.
_PRESENTED: Final = """
SET LOCAL app.key_hashes = %(shown)s;
SELECT workspace_api_key.id, workspace_api_key.workspace_id, owner_id, scopes, expire_time, last_used_time,
    revoke_time, user_account.lock_time IS NULL AND user_account.delete_time IS NULL
FROM workspace_api_key JOIN user_account ON user_account.id = owner_id
WHERE key_hash = ANY (%(hashes)s)
"""


class PresentedRow(NamedTuple):
    """An API key that somebody presents. Its owner is active when the account is alive and not locked."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    scopes: list[str]
    expire_time: datetime | None
    last_used_time: datetime | None
    revoke_time: datetime | None
    owner_is_active: bool


def presented(hashes: Sequence[bytes]) -> PresentedRow | None:
    """The API key with one of these hashes, of any workspace."""
    shown = ",".join(hashed.hex() for hashed in hashes)
    row = db.execute_sql(_PRESENTED, {"shown": shown, "hashes": list(hashes)}).fetchone()
    return PresentedRow._make(row) if row else None


def _select(workspace_id: UUID) -> Any:
    return WorkspaceApiKey.select(*WORKSPACE_API_KEY).where(WorkspaceApiKey.workspace == workspace_id)


def get(workspace_id: UUID, key_id: UUID) -> WorkspaceApiKeyRow | None:
    """An API key."""
    query = _select(workspace_id).where(WorkspaceApiKey.id == key_id)
    return next((WorkspaceApiKeyRow._make(row) for row in query.tuples()), None)


def page_of(workspace_id: UUID, *, after: UUID | None, limit: int, with_revoked: bool) -> list[WorkspaceApiKeyRow]:
    """A page of API keys by id, the newest first."""
    query = _select(workspace_id)
    if not with_revoked:
        query = query.where(WorkspaceApiKey.revoke_time.is_null())
    if after is not None:
        query = query.where(WorkspaceApiKey.id < after)
    query = query.order_by(WorkspaceApiKey.id.desc()).limit(limit)
    return [WorkspaceApiKeyRow._make(row) for row in query.tuples()]


def count_active(workspace_id: UUID, *, now: datetime, most: int) -> int:
    """How many API keys work, counted up to `most`."""
    row = WorkspaceApiKey
    is_active = row.revoke_time.is_null() & (row.expire_time.is_null() | (row.expire_time > now))
    return int(row.select(row.id).where((row.workspace == workspace_id) & is_active).limit(most).count())


def unrevoked_of(workspace_id: UUID, owner_id: UUID) -> list[WorkspaceApiKeyRow]:
    """The API keys of one owner that are not revoked."""
    is_owners = (WorkspaceApiKey.owner == owner_id) & WorkspaceApiKey.revoke_time.is_null()
    query = _select(workspace_id).where(is_owners).order_by(WorkspaceApiKey.id)
    return [WorkspaceApiKeyRow._make(row) for row in query.tuples()]


def insert(row: WorkspaceApiKeyRow, *, key_hash: bytes) -> None:
    """Insert `row`."""
    WorkspaceApiKey.insert(**row._asdict(), key_hash=key_hash).execute()


def update(workspace_id: UUID, key_id: UUID, **changes: Any) -> None:
    """Set columns of an API key."""
    where = (WorkspaceApiKey.workspace == workspace_id) & (WorkspaceApiKey.id == key_id)
    WorkspaceApiKey.update(**changes).where(where).execute()


def touch(workspace_id: UUID, key_id: UUID, *, at: datetime, unless_after: datetime) -> None:
    """Note that an API key was used, unless that was noted after `unless_after`."""
    row = WorkspaceApiKey
    is_old = row.last_used_time.is_null() | (row.last_used_time <= unless_after)
    where = (row.workspace == workspace_id) & (row.id == key_id) & is_old
    WorkspaceApiKey.update(last_used_time=at).where(where).execute()
