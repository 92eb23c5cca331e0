"""Queries on `workspace`."""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.accounts.queries.users import FOR_CHANGE
from server.core.db import Prepared, Slot, Statement, db
from server.workspaces.models import Member, Workspace
from server.workspaces.queries.rows import WORKSPACE, WorkspaceRow
from server.workspaces.roles import Role

_LEAST: Final = UUID(int=0)
_GREATEST: Final = UUID(int=2**128 - 1)

_BY_ID: Final = Prepared(lambda: Workspace.select(*WORKSPACE).where(Workspace.id == Slot("workspace")))

_LOCK: Final = Prepared(
    lambda: Workspace.select(*WORKSPACE).where(Workspace.id == Slot("workspace")).for_update(FOR_CHANGE)
)

_BY_SLUG: Final = Prepared(
    lambda: (
        Workspace.select(*WORKSPACE)
        .join(Member, on=(Member.workspace == Workspace.id))
        .where((Member.user == Slot("user")) & (Workspace.slug == Slot("slug")) & Workspace.delete_time.is_null())
    )
)

# One statement: the workspace, unless its slug is taken or its owner has enough of them, and its owner's membership.
_CREATE: Final = Statement("""
WITH made AS (
    INSERT INTO workspace (id, name, slug, owner_id, plan, settings, labels, revision, create_time, update_time)
    SELECT %s::uuid, %s, %s, %s::uuid, %s, %s::jsonb, %s::jsonb, %s::integer, %s::timestamptz, %s::timestamptz
    WHERE %s::integer > (
        SELECT count(*) FROM (
            SELECT FROM member WHERE user_id = %s AND role = 'OWNER' ORDER BY workspace_id LIMIT %s
        ) AS owned
    )
    ON CONFLICT (slug) WHERE delete_time IS NULL DO NOTHING
    RETURNING id, owner_id, create_time
)
INSERT INTO member (workspace_id, user_id, role, extra_permissions, revision, create_time, update_time)
SELECT id, owner_id, 'OWNER', '{}', 1, create_time, create_time FROM made
""")
_NO_LIMIT: Final = 2**31 - 1


def get(workspace_id: UUID) -> WorkspaceRow | None:
    """The workspace, alive or deleted."""
    row = _BY_ID.row(workspace=workspace_id)
    return WorkspaceRow._make(row) if row else None


def lock(workspace_id: UUID) -> WorkspaceRow | None:
    """The workspace, held until the transaction ends.

    Whoever changes a workspace, its members or what hangs on a membership holds it first, so that these happen one
    after the other.
    """
    row = _LOCK.row(workspace=workspace_id)
    return WorkspaceRow._make(row) if row else None


def by_slug(user_id: UUID, slug: str) -> WorkspaceRow | None:
    """The living workspace with this slug, when the person is a member."""
    row = _BY_SLUG.row(user=user_id, slug=slug)
    return WorkspaceRow._make(row) if row else None


# From the person's memberships to the workspaces, never along all workspaces: OFFSET 0 keeps the planner from turning
# the join around, which for the last page would walk through everybody's older ones.
_PAGE: Final = """
SELECT listed.* FROM member CROSS JOIN LATERAL (
    SELECT {columns} FROM workspace
    WHERE workspace.id = member.workspace_id AND (delete_time IS NULL OR purge_time > %s) OFFSET 0
) AS listed
WHERE member.user_id = %s AND member.workspace_id {beyond} %s
ORDER BY member.workspace_id {order} LIMIT %s
"""
_PAGES: Final = {
    descending: Statement(_PAGE.format(beyond=beyond, order=order, columns=", ".join(WorkspaceRow._fields)))
    for descending, beyond, order in ((True, "<", "DESC"), (False, ">", "ASC"))
}


def page_of(
    user_id: UUID, *, after: UUID | None, limit: int, descending: bool, shown_from: datetime | None
) -> list[WorkspaceRow]:
    """A page of the person's workspaces by id, which is the order of their creation.

    Deleted ones are among them when they are purged later than `shown_from`.
    """
    start = after or (_GREATEST if descending else _LEAST)
    rows = db.execute_sql(_PAGES[descending], (shown_from, user_id, start, limit)).fetchall()
    return [WorkspaceRow._make(row) for row in rows]


def create(row: WorkspaceRow, *, limit: int) -> bool:
    """Insert `row` and the membership of its owner.

    False, and nothing is inserted, when the slug is taken or the owner owns `limit` workspaces (0 for no limit).
    """
    values = (
        row.id,
        row.name,
        row.slug,
        row.owner_id,
        row.plan,
        json.dumps(row.settings),
        json.dumps(row.labels),
        row.revision,
        row.create_time,
        row.update_time,
        limit or _NO_LIMIT,
        row.owner_id,
        limit,
    )
    return bool(db.execute_sql(_CREATE, values).rowcount)


def owns_as_many(user_id: UUID, limit: int) -> bool:
    """Whether the person owns at least `limit` workspaces, deleted ones included."""
    owned = Member.select(Member.workspace).where((Member.user == user_id) & (Member.role == Role.OWNER))
    return bool(owned.order_by(Member.workspace).limit(limit).count() >= limit)


def owned_by(user_id: UUID) -> list[UUID]:
    """The living workspaces of which the person is an owner, in a fixed order."""
    rows: Any = (
        Member.select(Member.workspace)
        .join(Workspace, on=(Workspace.id == Member.workspace))
        .where((Member.user == user_id) & (Member.role == Role.OWNER) & Workspace.delete_time.is_null())
        .order_by(Member.workspace)
        .tuples()
    )
    return [workspace_id for (workspace_id,) in rows]


def update(workspace_id: UUID, **changes: Any) -> None:
    """Set columns of the workspace."""
    Workspace.update(**changes).where(Workspace.id == workspace_id).execute()


def due(before: datetime, limit: int) -> list[UUID]:
    """Deleted workspaces whose purge time lies before `before`, the longest due first. For workers."""
    rows: Any = (
        Workspace.select(Workspace.id)
        .where(Workspace.purge_time <= before)
        .order_by(Workspace.purge_time)
        .limit(limit)
        .tuples()
    )
    return [workspace_id for (workspace_id,) in rows]
