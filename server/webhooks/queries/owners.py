"""Who answers for a workspace."""

from typing import Any
from uuid import UUID

from server.accounts.models import User
from server.workspaces.models import Member
from server.workspaces.roles import Role


def of(workspace_id: UUID, *, limit: int) -> list[UUID]:
    """The owners of a workspace whose accounts are not deleted, the longest a member first."""
    where = (Member.workspace == workspace_id) & (Member.role == Role.OWNER) & User.delete_time.is_null()
    query = Member.select(Member.user).join(User, on=(User.id == Member.user)).where(where)
    rows: Any = query.order_by(Member.create_time, Member.user).limit(limit).tuples()
    return [owner for (owner,) in rows]
