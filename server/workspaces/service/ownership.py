"""Who owns a workspace: there always is somebody, and one of the owners answers for it."""

from uuid import UUID

from server.core import clock, ids
from server.workspaces.errors import LastOwner
from server.workspaces.queries import members, ownership_transfers
from server.workspaces.queries.rows import WorkspaceRow
from server.workspaces.service.workspaces import set_columns


def require_other(workspace_id: UUID, owner_id: UUID, message: str | None = None) -> UUID:
    """The owner of longest standing beside `owner_id`. The transaction holds the workspace. Raises LastOwner."""
    other = members.other_owner(workspace_id, owner_id)
    if other is None:
        raise LastOwner(message, workspace_id=ids.encode("ws", workspace_id))
    return other


def pass_on(workspace: WorkspaceRow, owner_id: UUID) -> None:
    """Make `owner_id` the owner who answers for the workspace, and tell of it."""
    if workspace.owner_id != owner_id:
        set_columns(workspace, {"owner_id": owner_id})


def withdraw_offers(workspace_id: UUID, *, made_by: UUID | None = None, made_to: UUID | None = None) -> None:
    """Cancel the open offer of the workspace when its maker is no owner, or its addressee no member, any more."""
    offer = ownership_transfers.pending(workspace_id)
    if offer is not None and (offer.offerer_id == made_by or offer.user_id == made_to):
        ownership_transfers.update(
            workspace_id, offer.id, state="CANCELLED", revision=offer.revision + 1, update_time=clock.now()
        )
