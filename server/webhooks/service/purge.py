"""Removing what is past its time, and the webhooks of a workspace that is purged. For workers."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from server.core import clock
from server.webhooks.queries import purging

#: How long a portal session that ended can still be looked up.
_KEEP_SESSIONS: Final = timedelta(days=30)


def purge_workspace(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows of a workspace that is purged; gives how many."""
    return purging.delete_some(workspace_id, limit)


def purge_expired(limit: int) -> int:
    """Delete at most `limit` secrets that sign no more, and as many portal sessions that ended; gives how many."""
    now = clock.now()
    gone = purging.delete_expired_secrets(now=now, limit=limit)
    return gone + purging.delete_ended_sessions(before=now - _KEEP_SESSIONS, limit=limit)
