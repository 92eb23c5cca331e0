"""What the mails of this room say. The tokens in their links are made here, when a worker sends them."""

from typing import Final
from uuid import UUID

from server.accounts.queries import users
from server.core import clock, config, ids, tenancy, tokens
from server.core.config import Core
from server.core.mail import Letter
from server.workspaces.models import PENDING
from server.workspaces.queries import invitations, members, ownership_transfers, workspaces
from server.workspaces.queries.rows import InvitationRow, OwnershipTransferRow, WorkspaceRow
from server.workspaces.service.answers import PURPOSE

_MINUTE: Final = "%-d %B %Y, %H:%M UTC"


def invitation(workspace_id: UUID, invitation_id: UUID) -> Letter | None:
    """The letter with the link of an invitation; None when there is nothing to answer any more."""
    with tenancy.reading(workspace=workspace_id):
        workspace = workspaces.get(workspace_id)
        row = invitations.get(workspace_id, invitation_id)
        if workspace is None or row is None or not _is_open(row, workspace):
            return None
        inviter = users.profile(row.inviter_id) if row.inviter_id else None
    token = tokens.mint(PURPOSE, workspace_id, row.id, version=row.version)
    values = {
        "workspace_name": workspace.name,
        "inviter_name": inviter.display_name if inviter else workspace.name,
        "role": row.role.lower(),
        "valid_until": row.expire_time.strftime(_MINUTE),
        "link": f"{_site()}/invitation?token={token}",
    }
    return Letter(row.email, "invitation", values)


def ownership_offer(workspace_id: UUID, transfer_id: UUID) -> Letter | None:
    """The letter to the member to whom a workspace is offered; None when there is nothing to answer any more.

    Its link names the offer. It holds no token: the answer needs the member's own login.
    """
    with tenancy.reading(workspace=workspace_id):
        workspace = workspaces.get(workspace_id)
        row = ownership_transfers.get(workspace_id, transfer_id)
        if workspace is None or row is None or not _is_open(row, workspace):
            return None
        member = members.get(workspace_id, row.user_id)
        offerer = users.profile(row.offerer_id)
    if member is None or member.email is None or offerer is None:
        return None
    place = f"workspaces/{ids.encode('ws', workspace_id)}/ownership-transfers/{ids.encode('otr', row.id)}"
    values = {
        "workspace_name": workspace.name,
        "display_name": member.display_name,
        "owner_name": offerer.display_name,
        "valid_until": row.expire_time.strftime(_MINUTE),
        "link": f"{_site()}/{place}",
    }
    return Letter(member.email, "ownership_offer", values)


def _is_open(row: InvitationRow | OwnershipTransferRow, workspace: WorkspaceRow) -> bool:
    return row.state == PENDING and row.expire_time > clock.now() and workspace.delete_time is None


def _site() -> str:
    settings: Core = config.read(Core)
    return settings.public_url.rstrip("/")
