"""Queries on `member`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import peewee

from server.accounts.models import User
from server.core.db import Prepared, Slot
from server.workspaces.models import Member, Workspace, WorkspaceApiKey
from server.workspaces.queries.rows import MEMBER, MEMBERSHIP, MemberRow, MembershipRow, WorkspaceRow
from server.workspaces.roles import Role

_MEMBERSHIP: Final = Prepared(
    lambda: (
        Member.select(*MEMBERSHIP)
        .join(Workspace, on=(Workspace.id == Member.workspace))
        .where((Member.workspace == Slot("workspace")) & (Member.user == Slot("user")))
    )
)

_MEMBERSHIP_OF_KEY: Final = Prepared(
    lambda: (
        Member.select(*MEMBERSHIP)
        .join(Workspace, on=(Workspace.id == Member.workspace))
        .join(WorkspaceApiKey, on=(WorkspaceApiKey.workspace == Member.workspace))
        .where(
            (Member.workspace == Slot("workspace"))
            & (WorkspaceApiKey.id == Slot("key"))
            & (WorkspaceApiKey.owner == Member.user)
        )
    )
)


def _with_user() -> Any:
    return Member.select(*MEMBER).join(User, on=(User.id == Member.user))


_BY_USER: Final = Prepared(
    lambda: _with_user().where((Member.workspace == Slot("workspace")) & (Member.user == Slot("user")))
)


def membership(workspace_id: UUID, user_id: UUID) -> MembershipRow | None:
    """What the person's rights in the workspace hang on."""
    return _membership(_MEMBERSHIP.row(workspace=workspace_id, user=user_id))


def membership_of_key(workspace_id: UUID, key_id: UUID) -> MembershipRow | None:
    """What the rights of the owner of a workspace API key hang on."""
    return _membership(_MEMBERSHIP_OF_KEY.row(workspace=workspace_id, key=key_id))


def _membership(row: tuple[Any, ...] | None) -> MembershipRow | None:
    if row is None:
        return None
    role, extra_permissions, *workspace = row
    return MembershipRow(role, extra_permissions, WorkspaceRow._make(workspace))


def get(workspace_id: UUID, user_id: UUID) -> MemberRow | None:
    """A member with the summary of the person."""
    row = _BY_USER.row(workspace=workspace_id, user=user_id)
    return MemberRow._make(row) if row else None


def page_of(
    workspace_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    descending: bool,
    roles: Collection[Role] | None = None,
) -> list[MemberRow]:
    """A page of members by the time they became one; with `roles`, only those who have one of them."""
    query = _with_user().where(Member.workspace == workspace_id)
    if roles is not None:
        query = query.where(Member.role.in_(list(roles)))
    position = peewee.Tuple(Member.create_time, Member.user)
    if after is not None:
        start = peewee.Tuple(*after)
        query = query.where(position < start if descending else position > start)
    order = (Member.create_time, Member.user)
    query = query.order_by(*(column.desc() if descending else column.asc() for column in order)).limit(limit)
    return [MemberRow._make(row) for row in query.tuples()]


def other_owner(workspace_id: UUID, user_id: UUID) -> UUID | None:
    """Of the owners beside this person whose accounts are not deleted, the one who is a member the longest."""
    rows: Any = (
        Member.select(Member.user)
        .join(User, on=(User.id == Member.user))
        .where(
            (Member.workspace == workspace_id)
            & (Member.role == Role.OWNER)
            & (Member.user != user_id)
            & User.delete_time.is_null()
        )
        .order_by(Member.create_time, Member.user)
        .limit(1)
        .tuples()
    )
    return next((owner_id for (owner_id,) in rows), None)


def has_email(workspace_id: UUID, email_key: str) -> bool:
    """Whether the account with this e-mail is a member."""
    query = Member.select().join(User, on=(User.id == Member.user))
    return bool(query.where((Member.workspace == workspace_id) & (User.email_key == email_key)).exists())


def insert(workspace_id: UUID, user_id: UUID, *, role: Role, at: datetime) -> None:
    """Make the person a member. Raises peewee.IntegrityError of `member_pkey` when it is one."""
    Member.insert(workspace=workspace_id, user=user_id, role=role, create_time=at, update_time=at).execute()


def update(workspace_id: UUID, user_id: UUID, **changes: Any) -> None:
    """Set columns of a member."""
    Member.update(**changes).where((Member.workspace == workspace_id) & (Member.user == user_id)).execute()


def delete(workspace_id: UUID, user_id: UUID) -> None:
    """Delete a member."""
    Member.delete().where((Member.workspace == workspace_id) & (Member.user == user_id)).execute()
