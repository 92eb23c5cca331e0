"""Rows to messages, and the few parts of messages that go into rows."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from server.accounts.convert import user_summary
from server.core import clock, etags, ids
from server.workspaces.models import EXPIRED, PENDING
from server.workspaces.queries.rows import (
    InvitationRow,
    MemberRow,
    OwnershipTransferRow,
    WorkspaceApiKeyRow,
    WorkspaceRow,
)
from server.workspaces.roles import Role
from userdata.workspaces.v1 import member_pb2
from userdata.workspaces.v1.invitation_pb2 import Invitation, InvitationPreview
from userdata.workspaces.v1.member_pb2 import Member
from userdata.workspaces.v1.ownership_transfer_pb2 import OwnershipTransfer
from userdata.workspaces.v1.workspace_api_key_pb2 import WorkspaceApiKey
from userdata.workspaces.v1.workspace_pb2 import Workspace

#: What filters call a role or a state, and what the database holds for it.
ROLE_WORDS: Final = {f"ROLE_{role}": role for role in Role}
INVITATION_STATE_WORDS: Final = {
    f"INVITATION_STATE_{word}": word for word in (PENDING, "ACCEPTED", "DECLINED", "REVOKED", EXPIRED)
}
TRANSFER_STATE_WORDS: Final = {
    f"OWNERSHIP_TRANSFER_STATE_{word}": word for word in (PENDING, "ACCEPTED", "DECLINED", "CANCELLED", EXPIRED)
}


def workspace(row: WorkspaceRow) -> Workspace:
    """A workspace as the contract shows it."""
    return Workspace(
        id=ids.encode("ws", row.id),
        name=row.name,
        slug=row.slug,
        owner_id=ids.encode("usr", row.owner_id),
        plan=row.plan,
        settings=row.settings,
        labels=row.labels,
        etag=etags.of(row.id, row.revision),
        create_time=row.create_time,
        update_time=row.update_time,
        delete_time=row.delete_time,
        purge_time=row.purge_time,
    )


def preview(row: WorkspaceRow) -> Workspace:
    """A workspace that was only tried: it has no id and no version."""
    message = workspace(row)
    message.ClearField("id")
    message.ClearField("etag")
    return message


def workspace_columns(message: Workspace, paths: Collection[str]) -> dict[str, Any]:
    """The columns that `paths` of `message` set."""
    values = {
        "name": message.name,
        "slug": message.slug,
        "settings": settings_of(message),
        "labels": dict(message.labels),
    }
    return {path: values[path] for path in paths}


def moment(message: Timestamp) -> datetime:
    """A moment of the contract, to the microsecond, which is as exact as the database is."""
    return message.ToDatetime(tzinfo=UTC)


def settings_of(message: Workspace) -> dict[str, Any]:
    """The settings of `message` as JSON."""
    return MessageToDict(message.settings)


def role(word: str) -> str:
    """What the contract calls the role that the database calls so."""
    return f"ROLE_{word}"


def role_of(number: member_pb2.Role) -> Role:
    """The role that the contract numbers so. Field rules have refused every other number."""
    return ROLE_WORDS[member_pb2.Role.Name(number)]


def member(row: MemberRow) -> Member:
    """A member as the contract shows it."""
    return Member(
        workspace_id=ids.encode("ws", row.workspace_id),
        user=user_summary(row.user),
        role=role(row.role),
        extra_permissions=row.extra_permissions,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=etags.of(row.identity, row.revision),
    )


def invitation(row: InvitationRow) -> Invitation:
    """An invitation as the contract shows it."""
    return Invitation(
        id=ids.encode("inv", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        email=row.email,
        role=role(row.role),
        state=invitation_state(row),
        inviter_id=_user_id(row.inviter_id),
        expire_time=row.expire_time,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=etags.of(row.id, row.revision),
    )


def invitation_preview(row: InvitationRow, into: WorkspaceRow, *, inviter_name: str) -> InvitationPreview:
    """What the holder of an invitation's token is told."""
    return InvitationPreview(
        workspace_name=into.name,
        workspace_slug=into.slug,
        inviter_name=inviter_name,
        email=row.email,
        role=role(row.role),
        state=invitation_state(row),
        expire_time=row.expire_time,
    )


def invitation_state(row: InvitationRow) -> str:
    """The name of the state that an invitation is in now."""
    return f"INVITATION_STATE_{_state(row)}"


def ownership_transfer(row: OwnershipTransferRow) -> OwnershipTransfer:
    """An offer of ownership as the contract shows it."""
    return OwnershipTransfer(
        id=ids.encode("otr", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        user_id=ids.encode("usr", row.user_id),
        offerer_id=ids.encode("usr", row.offerer_id),
        state=transfer_state(row),
        expire_time=row.expire_time,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=etags.of(row.id, row.revision),
    )


def transfer_state(row: OwnershipTransferRow) -> str:
    """The name of the state that an offer is in now."""
    return f"OWNERSHIP_TRANSFER_STATE_{_state(row)}"


def api_key(row: WorkspaceApiKeyRow) -> WorkspaceApiKey:
    """A workspace API key as the contract shows it."""
    return WorkspaceApiKey(
        id=ids.encode("key", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        owner_id=ids.encode("usr", row.owner_id),
        name=row.name,
        scopes=row.scopes,
        hint=row.hint,
        expire_time=row.expire_time,
        last_used_time=row.last_used_time,
        create_time=row.create_time,
        update_time=row.update_time,
        revoke_time=row.revoke_time,
        etag=etags.of(row.id, row.revision),
    )


def _state(row: InvitationRow | OwnershipTransferRow) -> str:
    return EXPIRED if row.state == PENDING and row.expire_time <= clock.now() else row.state


def _user_id(value: UUID | None) -> str:
    return ids.encode("usr", value) if value else ""
