"""Answering invitations. The token in the link leads to the workspace: the caller has no part in it yet."""

from typing import Final
from uuid import UUID

from server.accounts.errors import EmailNotVerified
from server.accounts.queries import users
from server.core import clock, emails, events, ids, tenancy, tokens
from server.core.call import Call
from server.core.errors import NotFound
from server.workspaces import convert
from server.workspaces.errors import (
    AlreadyMember,
    InvitationEmailMismatch,
    InvitationExpired,
    InvitationNotPending,
    InvitationTokenInvalid,
)
from server.workspaces.models import EXPIRED, PENDING
from server.workspaces.queries import invitations, members, workspaces
from server.workspaces.queries.rows import InvitationRow, MemberRow, WorkspaceRow
from server.workspaces.roles import Role
from server.workspaces.service import access
from server.workspaces.service.invitations import change, publish
from userdata.workspaces.v1.workspace_events_pb2 import (
    WorkspaceInvitationAccepted,
    WorkspaceInvitationDeclined,
    WorkspaceMemberAdded,
)

#: What the tokens of invitations are minted for.
PURPOSE: Final = "invitation"
_IDS: Final = 2


def preview(token: str) -> tuple[InvitationRow, WorkspaceRow, str]:
    """The invitation, the workspace that it leads into and the display name of who invites, in whatever state.

    Raises InvitationTokenInvalid, WorkspaceDeleted.
    """
    row = _of(token)
    workspace = _living(workspaces.get(row.workspace_id))
    inviter = users.profile(row.inviter_id) if row.inviter_id else None
    return row, workspace, inviter.display_name if inviter else ""


def accept(caller: Call, token: str) -> MemberRow:
    """The caller as a member.

    Raises InvitationTokenInvalid, WorkspaceDeleted, InvitationNotPending, InvitationExpired,
    InvitationEmailMismatch, EmailNotVerified, AlreadyMember.
    """
    invited = _open(token)
    user_id = caller.caller.own_id
    _require_addressee(invited, user_id)
    if members.membership(invited.workspace_id, user_id) is not None:
        raise AlreadyMember(workspace_id=ids.encode("ws", invited.workspace_id))
    members.insert(invited.workspace_id, user_id, role=Role(invited.role), at=clock.now())
    row = change(invited, state="ACCEPTED")
    user = ids.encode("usr", user_id)
    publish("accepted", row, WorkspaceInvitationAccepted(invitation=convert.invitation(row), user_id=user))
    added = WorkspaceMemberAdded(
        workspace_id=ids.encode("ws", row.workspace_id),
        user_id=user,
        role=convert.role(row.role),
        invitation_id=ids.encode("inv", row.id),
    )
    events.publish("workspace.member.added", added, subject=user, workspace=row.workspace_id)
    member = members.get(row.workspace_id, user_id)
    if member is None:
        raise NotFound
    return member


def _require_addressee(row: InvitationRow, user_id: UUID) -> None:
    user = users.profile(user_id)
    if user is None or user.email is None or emails.key(user.email) != row.email_key:
        raise InvitationEmailMismatch
    if not user.email_verified:
        raise EmailNotVerified


def decline(token: str) -> None:
    """Close the invitation.

    Raises InvitationTokenInvalid, WorkspaceDeleted, InvitationNotPending, InvitationExpired.
    """
    row = change(_open(token), state="DECLINED")
    publish("declined", row, WorkspaceInvitationDeclined(invitation=convert.invitation(row)))


def _open(token: str) -> InvitationRow:
    """The open invitation of `token`. Its workspace is held, so that of many answers at once one counts."""
    _living(workspaces.lock(_of(token).workspace_id))
    row = _of(token)
    if row.state == EXPIRED or (row.state == PENDING and row.expire_time <= clock.now()):
        raise InvitationExpired
    if row.state != PENDING:
        raise InvitationNotPending(state=convert.invitation_state(row))
    return row


def _living(workspace: WorkspaceRow | None) -> WorkspaceRow:
    if workspace is None or access.is_gone(workspace):
        raise InvitationTokenInvalid
    return access.require_living(workspace)


def _of(token: str) -> InvitationRow:
    """The invitation that `token` was minted for; the call goes on in its workspace."""
    said = tokens.read(PURPOSE, token)
    if said is None or len(said.ids) != _IDS:
        raise InvitationTokenInvalid
    workspace_id, invitation_id = said.ids
    tenancy.enter(workspace_id)
    row = invitations.get(workspace_id, invitation_id)
    if row is None or row.version != said.version:
        raise InvitationTokenInvalid
    return row
