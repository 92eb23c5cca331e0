"""The one table from roles to permissions.

A role holds all that the next one holds and more. A new room adds its permissions here, each to the least role that
has it; tests/workspaces/test_roles.py proves that every permission the contract asks for in a workspace is known.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The roles, the highest first. Values are what the database holds."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"

    @property
    def permissions(self) -> frozenset[str]:
        """What members with this role may do."""
        return _PERMISSIONS[self]

    def exceeds(self, other: "Role") -> bool:
        """Whether this role is above `other`."""
        return _RANKS[self] < _RANKS[other]


_VIEWER: Final = frozenset({"workspaces.read", "members.read", "events.read", "event_types.read", "workflows.read"})
_MEMBER: Final = _VIEWER | {
    "invitations.read",
    "events.publish",
    "webhooks.read",
    "workflows.execute",
    "approvals.decide",
}
_ADMIN: Final = _MEMBER | {
    "workspaces.update",
    "members.write",
    "invitations.write",
    "api_keys.read",
    "api_keys.write",
    "event_types.write",
    "webhooks.write",
    "webhooks.secrets",
    "portal.read",
    "portal.write",
    "workflows.write",
    "workflow_secrets.read",
    "workflow_secrets.write",
}
_OWNER: Final = _ADMIN | {"workspaces.delete", "ownership.transfer"}

_PERMISSIONS: Final = {Role.OWNER: _OWNER, Role.ADMIN: _ADMIN, Role.MEMBER: _MEMBER, Role.VIEWER: _VIEWER}
_RANKS: Final = {role: rank for rank, role in enumerate(Role)}

#: Every permission that exists in a workspace.
ALL: Final = _OWNER

#: What is left of a deleted workspace: seeing it, and bringing it back.
OUTLIVE_DELETION: Final = frozenset({"workspaces.read", "workspaces.delete"})
