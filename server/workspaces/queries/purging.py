"""Deleting a workspace's rows for good, some at a time."""

from typing import Final
from uuid import UUID

from server.core import batches
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey

#: What refers to a workspace, and the order in which it goes. The last trace of a workspace is its own row.
_TABLES: Final = (
    (WorkspaceApiKey, WorkspaceApiKey.id),
    (OwnershipTransfer, OwnershipTransfer.id),
    (Invitation, Invitation.id),
    (Member, Member.user),
)


def delete_some(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows that belong to the workspace; gives how many, 0 when none is left."""
    for model, oldest in _TABLES:
        deleted = batches.delete_some(model, model.workspace == workspace_id, oldest=oldest, limit=limit)
        if deleted:
            return deleted
    return 0


def delete_workspace(workspace_id: UUID) -> None:
    """Delete the workspace itself, to which nothing refers any more."""
    Workspace.delete().where(Workspace.id == workspace_id).execute()
