"""Who may do what in a workspace."""

from collections.abc import Collection
from uuid import UUID

from server.accounts.errors import PermissionNotHeld, PermissionUnknown
from server.core import call, clock, contract, ids
from server.core.call import Call
from server.core.errors import NotFound, PermissionDenied
from server.core.principal import Principal
from server.workspaces.errors import RoleNotGrantable, WorkspaceDeleted
from server.workspaces.queries import members, workspaces
from server.workspaces.queries.rows import MembershipRow, WorkspaceRow
from server.workspaces.roles import OUTLIVE_DELETION, Role


def permissions_in(principal: Principal, workspace_id: UUID) -> frozenset[str]:
    """The permissions that `principal` has in the workspace at this moment.

    A person has those of the role and the extra ones; an API key those of its owner, and a portal session those of whom
    it was made by, that are among its scopes. In a deleted workspace only seeing it and bringing it back are left, and
    nothing to its own credentials: a call for more raises WorkspaceDeleted. Raises NotFound for a workspace that is not
    there, or not the principal's.
    """
    membership = _membership(principal, workspace_id)
    if membership is None or is_gone(membership.workspace):
        raise NotFound
    serving = call.current()
    serving.grounds = membership.workspace
    held = Role(membership.role).permissions
    if membership.extra_permissions:
        held = held.union(membership.extra_permissions)
    if principal.scopes is not None:
        held &= principal.scopes
    if membership.workspace.delete_time is None:
        return held
    left = frozenset() if principal.workspace_id is not None else held & OUTLIVE_DELETION
    method = serving.method
    if method is not None and method.permission in held - left:
        raise deleted(workspace_id)
    return left


def workspace_of(caller: Call) -> WorkspaceRow:
    """The workspace of the call, alive or deleted, as it was when the caller's permissions were looked up in it."""
    if not isinstance(caller.grounds, WorkspaceRow):
        raise NotFound
    return caller.grounds


def _membership(principal: Principal, workspace_id: UUID) -> MembershipRow | None:
    if principal.workspace_id is None:
        return members.membership(workspace_id, principal.own_id)
    if principal.workspace_id != workspace_id:
        return None
    if principal.key_id is not None:
        return members.membership_of_key(workspace_id, principal.key_id)
    return members.membership(workspace_id, principal.for_user_id) if principal.for_user_id is not None else None


def is_gone(row: WorkspaceRow) -> bool:
    """Whether a deleted workspace is past its purge time: for everybody it then is not there any more."""
    return row.purge_time is not None and row.purge_time <= clock.now()


def deleted(workspace_id: UUID) -> WorkspaceDeleted:
    """The refusal to do anything in a deleted workspace."""
    return WorkspaceDeleted(workspace_id=ids.encode("ws", workspace_id))


def require_living(row: WorkspaceRow | None) -> WorkspaceRow:
    """`row` unless it is missing or deleted. Raises NotFound or WorkspaceDeleted."""
    if row is None or is_gone(row):
        raise NotFound
    if row.delete_time is not None:
        raise deleted(row.id)
    return row


def hold(caller: Call) -> WorkspaceRow:
    """The living workspace of the call, locked: what changes it, its members or their rights happens in turn.

    The caller's permissions are looked up again, since the call before may have taken them away.
    """
    row = require_living(workspaces.lock(caller.workspace))
    caller.permissions = permissions_in(caller.caller, row.id)
    if caller.method is not None and caller.method.permission not in caller.permissions:
        raise PermissionDenied(permission=caller.method.permission)
    return row


def require_reach(caller: Call, role: Role) -> None:
    """Raise RoleNotGrantable when `role` is above the caller's own: who has it is out of the caller's reach."""
    membership = _membership(caller.caller, caller.workspace)
    if membership is None:
        raise NotFound
    if role.exceeds(Role(membership.role)):
        raise RoleNotGrantable(role=f"ROLE_{role}")


def require_grantable(caller: Call, role: Role) -> None:
    """Raise RoleNotGrantable unless the caller may give `role`.

    It must not be above the caller's own, and the credential must leave room for all that it holds: an API key that
    may only invite cannot make somebody an owner.
    """
    require_reach(caller, role)
    if not role.permissions <= caller.permissions:
        raise RoleNotGrantable(role=f"ROLE_{role}")


def require_held(caller: Call, permissions: Collection[str]) -> None:
    """Raise PermissionUnknown or PermissionNotHeld for the first of `permissions` that the caller cannot give."""
    for permission in permissions:
        if permission not in contract.permissions():
            raise PermissionUnknown(permission=permission)
        if permission not in caller.permissions:
            raise PermissionNotHeld(permission=permission)
