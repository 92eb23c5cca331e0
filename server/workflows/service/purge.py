"""Removing the workflows of a workspace that is purged. For workers."""

from uuid import UUID

from server.workflows.queries import purging


def purge_workspace(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows of a workspace that is purged; gives how many."""
    return purging.delete_some(workspace_id, limit)
