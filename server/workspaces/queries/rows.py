"""Rows as the queries give them: plain tuples with names, cheap to make and impossible to change by accident."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.accounts.models import User
from server.accounts.queries.users import Summary
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey


class WorkspaceRow(NamedTuple):
    """A row of `workspace`."""

    id: UUID
    name: str
    slug: str
    owner_id: UUID
    plan: str
    settings: dict[str, Any]
    labels: dict[str, str]
    revision: int
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None
    purge_time: datetime | None


class MembershipRow(NamedTuple):
    """What a right in a workspace hangs on. It comes with the workspace, so that reading that costs no second query."""

    role: str
    extra_permissions: list[str]
    workspace: WorkspaceRow


class MemberRow(NamedTuple):
    """A row of `member` with what others see of the person; a purged account has no e-mail."""

    workspace_id: UUID
    user_id: UUID
    role: str
    extra_permissions: list[str]
    revision: int
    create_time: datetime
    update_time: datetime
    email: str | None
    display_name: str
    avatar_url: str

    @property
    def user(self) -> Summary:
        """Who the person is, for other people."""
        return Summary(self.user_id, self.email, self.display_name, self.avatar_url)

    @property
    def identity(self) -> UUID:
        """What tells this membership from all others, also from an earlier one of the same person."""
        moment = int(self.create_time.timestamp() * 1_000_000)
        return UUID(int=self.workspace_id.int ^ self.user_id.int ^ moment)


class InvitationRow(NamedTuple):
    """A row of `invitation`."""

    id: UUID
    workspace_id: UUID
    email: str
    email_key: str
    role: str
    state: str
    inviter_id: UUID | None
    version: int
    send_time: datetime
    expire_time: datetime
    revision: int
    create_time: datetime
    update_time: datetime


class OwnershipTransferRow(NamedTuple):
    """A row of `ownership_transfer`."""

    id: UUID
    workspace_id: UUID
    user_id: UUID
    offerer_id: UUID
    state: str
    expire_time: datetime
    revision: int
    create_time: datetime
    update_time: datetime


class WorkspaceApiKeyRow(NamedTuple):
    """A row of `workspace_api_key`, without the hash."""

    id: UUID
    workspace_id: UUID
    owner_id: UUID
    name: str
    scopes: list[str]
    hint: str
    expire_time: datetime | None
    last_used_time: datetime | None
    revision: int
    create_time: datetime
    update_time: datetime
    revoke_time: datetime | None


def _columns(row: Any, *models: type[peewee.Model]) -> list[Any]:
    """The column of the first of `models` that has it, for each field of `row`."""
    return [next(getattr(model, name) for model in models if hasattr(model, name)) for name in row._fields]


WORKSPACE: Final = _columns(WorkspaceRow, Workspace)
MEMBERSHIP: Final = [Member.role, Member.extra_permissions, *WORKSPACE]
MEMBER: Final = _columns(MemberRow, Member, User)
INVITATION: Final = _columns(InvitationRow, Invitation)
OWNERSHIP_TRANSFER: Final = _columns(OwnershipTransferRow, OwnershipTransfer)
WORKSPACE_API_KEY: Final = _columns(WorkspaceApiKeyRow, WorkspaceApiKey)
