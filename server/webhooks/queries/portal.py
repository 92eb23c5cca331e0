"""Queries on `webhook_portal_session`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core.db import db
from server.webhooks.models import PortalSession
from server.webhooks.queries.rows import PORTAL_SESSION, PortalSessionRow

# Who presents a code or a token has named no workspace yet. The policy `presented` shows the one row that it hashes to.
_BY_CODE: Final = """
SET LOCAL app.key_hashes = %(shown)s;
SELECT id, workspace_id, creator, permissions, code_expire_time, expire_time, revoke_time, create_time
FROM webhook_portal_session WHERE code_hash = ANY (%(hashes)s)
"""
_BY_SESSION: Final = """
SET LOCAL app.key_hashes = %(shown)s;
SELECT id, workspace_id, creator, permissions, code_expire_time, expire_time, revoke_time, create_time
FROM webhook_portal_session WHERE token_hash = ANY (%(hashes)s)
"""


def by_code(hashes: Sequence[bytes]) -> PortalSessionRow | None:
    """The session whose link has one of these hashes, of any workspace."""
    return _presented(_BY_CODE, hashes)


def by_token(hashes: Sequence[bytes]) -> PortalSessionRow | None:
    """The session whose token has one of these hashes, of any workspace."""
    return _presented(_BY_SESSION, hashes)


def _presented(sql: str, hashes: Sequence[bytes]) -> PortalSessionRow | None:
    shown = ",".join(hashed.hex() for hashed in hashes)
    row = db.execute_sql(sql, {"shown": shown, "hashes": list(hashes)}).fetchone()
    return PortalSessionRow._make(row) if row else None


def get(workspace_id: UUID, session_id: UUID) -> PortalSessionRow | None:
    """A session."""
    where = (PortalSession.workspace == workspace_id) & (PortalSession.id == session_id)
    rows: Any = PortalSession.select(*PORTAL_SESSION).where(where).tuples()
    return next((PortalSessionRow._make(row) for row in rows), None)


def page_of(workspace_id: UUID, *, after: UUID | None, limit: int) -> list[PortalSessionRow]:
    """A page of sessions by id, the newest first."""
    where = PortalSession.workspace == workspace_id
    if after is not None:
        where &= PortalSession.id < after
    rows: Any = PortalSession.select(*PORTAL_SESSION).where(where).order_by(PortalSession.id.desc()).limit(limit)
    return [PortalSessionRow._make(row) for row in rows.tuples()]


def insert(row: PortalSessionRow, *, code_hash: bytes) -> None:
    """Insert `row`, whose link is not opened yet."""
    PortalSession.insert(**row._asdict(), code_hash=code_hash).execute()


def start(workspace_id: UUID, session_id: UUID, *, token_hash: bytes, now: datetime, expire_time: datetime) -> bool:
    """Open the link of a session; False when it was opened before, revoked, or is past its time."""
    row = PortalSession
    is_open = row.token_hash.is_null() & row.revoke_time.is_null() & (row.code_expire_time > now)
    where = (row.workspace == workspace_id) & (row.id == session_id) & is_open
    return bool(row.update(token_hash=token_hash, expire_time=expire_time).where(where).execute())


def revoke(workspace_id: UUID, session_id: UUID, *, at: datetime) -> bool:
    """End a session, or its link; False when that was done before."""
    row = PortalSession
    where = (row.workspace == workspace_id) & (row.id == session_id) & row.revoke_time.is_null()
    return bool(row.update(revoke_time=at).where(where).execute())
