"""Deleting a workspace's rows for good, some at a time."""

from typing import Any, Final
from uuid import UUID

from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey

#: Rows refer upwards in this list only. A workspace's last trace is its own row.
_TABLES: Final = (WorkspaceApiKey, OwnershipTransfer, Invitation)


def delete_some(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows that belong to the workspace; gives how many, 0 when none is left."""
    for model in _TABLES:
        some: Any = model.select(model.id).where(model.workspace == workspace_id).limit(limit)
        deleted = model.delete().where((model.workspace == workspace_id) & model.id.in_(some)).execute()
        if deleted:
            return int(deleted)
    some = Member.select(Member.user).where(Member.workspace == workspace_id).limit(limit)
    return int(Member.delete().where((Member.workspace == workspace_id) & Member.user.in_(some)).execute())


def delete_workspace(workspace_id: UUID) -> None:
    """Delete the workspace itself, to which nothing refers any more."""
    Workspace.delete().where(Workspace.id == workspace_id).execute()
