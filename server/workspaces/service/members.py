"""Members: who is in a workspace, with which role and permissions."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import call, clock, etags, events, paging, tenancy
from server.core.call import Call
from server.core.errors import NotFound
from server.core.paging import Page
from server.workspaces import convert
from server.workspaces.queries import members, workspaces
from server.workspaces.queries.rows import MemberRow, WorkspaceRow
from server.workspaces.roles import Role
from server.workspaces.service import access, api_keys, ownership
from server.workspaces.service.wanted import words
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceMemberRemoved, WorkspaceMemberUpdated

_TELLING: Final = frozenset({"role", "extra_permissions"})
_SOLE_OWNER: Final = (
    "This person is the only owner of a workspace. Make another member an owner, or delete the workspace first."
)


def get(workspace_id: UUID, user_id: UUID) -> MemberRow:
    """A member."""
    row = members.get(workspace_id, user_id)
    if row is None:
        raise NotFound
    return row


def page_of(workspace_id: UUID, page: Page, *, wanted: str, order_by: str) -> tuple[list[MemberRow], str]:
    """A page of the members that the filter `wanted` lets through, and the token of the next one."""
    rows = members.page_of(
        workspace_id,
        after=(datetime.fromisoformat(page.after[0]), UUID(page.after[1])) if page.after else None,
        limit=page.limit,
        descending=paging.descending(order_by, "create_time", default=False),
        roles=words(wanted, field="role", named=convert.ROLE_WORDS),
    )
    return page.cut(rows, lambda row: [row.create_time.isoformat(), str(row.user_id)])


def update(
    caller: Call, user_id: UUID, *, role: Role | None, extra_permissions: list[str] | None, etag: str
) -> MemberRow:
    """The member with another role or other extra permissions; None leaves them as they are.

    Raises RoleNotGrantable, PermissionUnknown, PermissionNotHeld, LastOwner, Aborted.
    """
    workspace = access.hold(caller)
    before = get(workspace.id, user_id)
    etags.require(etag, before.identity, before.revision)
    access.require_reach(caller, Role(before.role))
    after = before
    if role is not None and role != before.role:
        access.require_grantable(caller, role)
        after = after._replace(role=role)
    if extra_permissions is not None and set(extra_permissions) != set(before.extra_permissions):
        access.require_held(caller, [p for p in extra_permissions if p not in before.extra_permissions])
        after = after._replace(extra_permissions=extra_permissions)
    if after is before:
        return before
    if before.role == Role.OWNER and after.role != Role.OWNER:
        _step_down(workspace, user_id)
    return save(before, after)


def _step_down(workspace: WorkspaceRow, user_id: UUID) -> None:
    other = ownership.require_other(workspace.id, user_id)
    if workspace.owner_id == user_id:
        ownership.pass_on(workspace, other)
    ownership.withdraw_offers(workspace.id, made_by=user_id)


def save(before: MemberRow, after: MemberRow) -> MemberRow:
    """Write the role and the extra permissions of a member of a workspace that the transaction holds."""
    after = after._replace(revision=before.revision + 1, update_time=clock.now())
    members.update(
        after.workspace_id,
        after.user_id,
        role=after.role,
        extra_permissions=after.extra_permissions,
        revision=after.revision,
        update_time=after.update_time,
    )
    old, new = convert.member(before), convert.member(after)
    changes = {name: change for name, change in events.changes(old, new).items() if name in _TELLING}
    updated = WorkspaceMemberUpdated(workspace_id=new.workspace_id, user_id=new.user.id, changes=changes)
    events.publish("workspace.member.updated", updated, subject=new.user.id, workspace=after.workspace_id)
    return after


def remove(caller: Call, user_id: UUID, *, etag: str) -> None:
    """End the membership of a member. Raises RoleNotGrantable, LastOwner, Aborted."""
    workspace = access.hold(caller)
    row = get(workspace.id, user_id)
    etags.require(etag, row.identity, row.revision)
    access.require_reach(caller, Role(row.role))
    _end(workspace, row)


def leave(caller: Call) -> None:
    """End the caller's own membership. Raises LastOwner."""
    workspace = access.hold(caller)
    _end(workspace, get(workspace.id, caller.caller.own_id))


def _end(workspace: WorkspaceRow, row: MemberRow) -> None:
    if row.role == Role.OWNER:
        _step_down(workspace, row.user_id)
    members.delete(workspace.id, row.user_id)
    ownership.withdraw_offers(workspace.id, made_to=row.user_id)
    api_keys.revoke_all_of(workspace.id, row.user_id)
    member = convert.member(row)
    removed = WorkspaceMemberRemoved(workspace_id=member.workspace_id, user_id=member.user.id, role=member.role)
    events.publish("workspace.member.removed", removed, subject=member.user.id, workspace=workspace.id)


def refuse_sole_owner(user_id: UUID) -> None:
    """Raise LastOwner when a living workspace would be without an owner if this account were deleted.

    Holds the workspaces that the person owns until the transaction ends, so that two owners who go at once cannot
    both rely on the other.
    """
    serving = call.current()
    tenancy.switch(workspace=None, user=user_id)
    for workspace_id in workspaces.owned_by(user_id):
        tenancy.switch(workspace=workspace_id, user=user_id)
        row = workspaces.lock(workspace_id)
        if row is not None and row.delete_time is None:
            ownership.require_other(workspace_id, user_id, _SOLE_OWNER)
    person = serving.principal.user_id if serving.principal else None
    tenancy.switch(workspace=serving.workspace_id, user=person)
