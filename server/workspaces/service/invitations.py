"""Inviting people by e-mail."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from server.accounts.errors import ResendTooSoon
from server.core import clock, emails, etags, events, ids, jobs, paging
from server.core.call import Call
from server.core.errors import NotFound
from server.core.paging import Page
from server.workspaces import convert
from server.workspaces.errors import AlreadyMember, InvitationNotPending, InvitationPending, TooManyInvitations
from server.workspaces.models import EXPIRED, PENDING
from server.workspaces.queries import invitations, members
from server.workspaces.queries.rows import InvitationRow
from server.workspaces.roles import Role
from server.workspaces.service import access
from server.workspaces.service.wanted import words
from userdata.jobs.v1.mail_pb2 import SendInvitationEmail
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceInvitationCreated, WorkspaceInvitationRevoked

LIFETIME: Final = timedelta(days=7)
MOST_PENDING: Final = 1000
_RESEND_EVERY: Final = timedelta(minutes=1)


def create(caller: Call, *, email: str, role: Role, expire_time: datetime | None) -> InvitationRow:
    """An invitation that was just mailed; it expires in 7 days unless `expire_time` says otherwise.

    Raises RoleNotGrantable, AlreadyMember, InvitationPending, TooManyInvitations.
    """
    workspace = access.hold(caller)
    access.require_grantable(caller, role)
    email_key = emails.key(email)
    _require_stranger(workspace.id, email_key)
    _make_way(workspace.id, email_key)
    now = clock.now()
    if invitations.count_pending(workspace.id, now=now, most=MOST_PENDING) >= MOST_PENDING:
        raise TooManyInvitations(limit=str(MOST_PENDING))
    row = InvitationRow(
        id=ids.new(),
        workspace_id=workspace.id,
        email=email,
        email_key=email_key,
        role=role,
        state=PENDING,
        inviter_id=caller.caller.user_id,
        version=1,
        send_time=now,
        expire_time=expire_time or now + LIFETIME,
        revision=1,
        create_time=now,
        update_time=now,
    )
    invitations.insert(row)
    _mail(row)
    publish("created", row, WorkspaceInvitationCreated(invitation=convert.invitation(row)))
    return row


def _require_stranger(workspace_id: UUID, email_key: str) -> None:
    if members.has_email(workspace_id, email_key):
        raise AlreadyMember(workspace_id=ids.encode("ws", workspace_id))


def _make_way(workspace_id: UUID, email_key: str, *, beside: UUID | None = None) -> None:
    """Raise InvitationPending when another invitation to the e-mail is open; close it when it is past its expiry."""
    other = invitations.pending_with(workspace_id, email_key)
    if other is None or other.id == beside:
        return
    if other.expire_time > clock.now():
        raise InvitationPending(invitation_id=ids.encode("inv", other.id))
    invitations.update(workspace_id, other.id, state=EXPIRED)


def _mail(row: InvitationRow) -> None:
    jobs.enqueue(
        SendInvitationEmail(workspace_id=ids.encode("ws", row.workspace_id), invitation_id=ids.encode("inv", row.id))
    )


def get(workspace_id: UUID, invitation_id: UUID) -> InvitationRow:
    """An invitation."""
    row = invitations.get(workspace_id, invitation_id)
    if row is None:
        raise NotFound
    return row


def page_of(workspace_id: UUID, page: Page, *, wanted: str, order_by: str) -> tuple[list[InvitationRow], str]:
    """A page of the invitations that the filter `wanted` lets through, and the token of the next one."""
    rows = invitations.page_of(
        workspace_id,
        after=UUID(page.after[0]) if page.after else None,
        limit=page.limit,
        descending=paging.descending(order_by, "create_time", default=True),
        now=clock.now(),
        states=words(wanted, field="state", named=convert.INVITATION_STATE_WORDS),
    )
    return page.cut(rows, lambda row: [str(row.id)])


def resend(caller: Call, invitation_id: UUID) -> InvitationRow:
    """The invitation with a new link on its way; earlier links are worthless.

    Raises InvitationNotPending, AlreadyMember, InvitationPending, RoleNotGrantable, ResendTooSoon.
    """
    workspace = access.hold(caller)
    before = get(workspace.id, invitation_id)
    _require_unanswered(before)
    access.require_grantable(caller, Role(before.role))
    _require_stranger(workspace.id, before.email_key)
    _make_way(workspace.id, before.email_key, beside=before.id)
    now = clock.now()
    if now < before.send_time + _RESEND_EVERY:
        raise ResendTooSoon(before.send_time + _RESEND_EVERY - now)
    row = change(
        before,
        state=PENDING,
        version=before.version + 1,
        send_time=now,
        expire_time=max(before.expire_time, now + LIFETIME),
    )
    _mail(row)
    return row


def revoke(caller: Call, invitation_id: UUID, *, etag: str) -> InvitationRow:
    """The invitation, revoked. Raises InvitationNotPending, Aborted."""
    workspace = access.hold(caller)
    before = get(workspace.id, invitation_id)
    etags.require(etag, before.id, before.revision)
    _require_unanswered(before)
    row = change(before, state="REVOKED")
    publish("revoked", row, WorkspaceInvitationRevoked(invitation=convert.invitation(row)))
    return row


def _require_unanswered(row: InvitationRow) -> None:
    if row.state not in (PENDING, EXPIRED):
        raise InvitationNotPending(state=convert.invitation_state(row))


def change(before: InvitationRow, **changes: Any) -> InvitationRow:
    """Write `changes` of an invitation into a workspace that the transaction holds."""
    changes = {**changes, "revision": before.revision + 1, "update_time": clock.now()}
    invitations.update(before.workspace_id, before.id, **changes)
    return before._replace(**changes)


def publish(verb: str, row: InvitationRow, payload: Message) -> None:
    """Tell that something was done with an invitation."""
    subject = ids.encode("inv", row.id)
    events.publish(f"workspace.invitation.{verb}", payload, subject=subject, workspace=row.workspace_id)
