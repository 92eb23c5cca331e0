"""The letters of workspaces. A worker calls these when it sends, not when somebody asked for the mail.

What a letter says is read now, and the token in its link is made now. None means that there is nothing to say any
more: it was answered, is past its expiry, or its workspace is deleted. Each opens a reading scope of its own.

    template          values
    invitation        workspace_name, inviter_name, role, link, expire_time
    ownership_offer   name, locale, time_zone of the member; workspace_name, owner_name, link, expire_time

Times are RFC 3339 in UTC. The link of an invitation ends in its token. The one of an offer has none, since answering
an offer needs the member's own login.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.accounts.queries import users
from server.core import clock, config, ids, tenancy, tokens
from server.core.mail import Letter
from server.workspaces.models import PENDING
from server.workspaces.queries import invitations, ownership_transfers, workspaces
from server.workspaces.queries.rows import InvitationRow, OwnershipTransferRow, WorkspaceRow
from server.workspaces.service.answers import PURPOSE

_INVITATION: Final = "/invitation"


def invitation(workspace_id: UUID, invitation_id: UUID) -> Letter | None:
    """The link with which to answer an invitation."""
    with tenancy.reading(workspace=workspace_id):
        row = invitations.get(workspace_id, invitation_id)
        workspace = _open(row, workspaces.get(workspace_id))
        if row is None or workspace is None:
            return None
        inviter = users.profile(row.inviter_id) if row.inviter_id else None
    token = tokens.mint(PURPOSE, workspace_id, row.id, version=row.version)
    values = {
        "workspace_name": workspace.name,
        "inviter_name": inviter.display_name if inviter else workspace.name,
        "role": row.role.lower(),
        "link": f"{_site()}{_INVITATION}?token={token}",
        "expire_time": _time(row.expire_time),
    }
    return Letter(row.email, "invitation", values)


def ownership_offer(workspace_id: UUID, transfer_id: UUID) -> Letter | None:
    """That a workspace is offered to one of its members."""
    with tenancy.reading(workspace=workspace_id):
        row = ownership_transfers.get(workspace_id, transfer_id)
        workspace = _open(row, workspaces.get(workspace_id))
        if row is None or workspace is None:
            return None
        member, owner = users.profile(row.user_id), users.profile(row.offerer_id)
    if member is None or member.email is None or owner is None:
        return None
    place = f"/workspaces/{ids.encode('ws', workspace_id)}/ownership-transfers/{ids.encode('otr', row.id)}"
    values = {
        "name": member.display_name,
        "locale": member.locale,
        "time_zone": member.time_zone,
        "workspace_name": workspace.name,
        "owner_name": owner.display_name,
        "link": _site() + place,
        "expire_time": _time(row.expire_time),
    }
    return Letter(member.email, "ownership_offer", values)


def _open(row: InvitationRow | OwnershipTransferRow | None, workspace: WorkspaceRow | None) -> WorkspaceRow | None:
    """The workspace when both are there and there still is something to answer."""
    if row is None or workspace is None or workspace.delete_time is not None:
        return None
    return workspace if row.state == PENDING and row.expire_time > clock.now() else None


def _site() -> str:
    settings: config.Core = config.read(config.Core)
    return settings.public_url.rstrip("/")


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
