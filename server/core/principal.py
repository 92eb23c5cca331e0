"""Who calls: a signed-in person, an API key acting for a person or for a workspace, or a session of the portal."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID


class Kind(Enum):
    """The kinds of credential."""

    SESSION = "session"
    USER_KEY = "user_key"
    WORKSPACE_KEY = "workspace_key"
    PORTAL_SESSION = "portal_session"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller.

    `name` is the TypeID that logs, events and idempotency keys carry. `scopes` bounds what the credential may do;
    None leaves all that its owner may do. `auth_time` is when the person last proved who they are. A credential with a
    `workspace_id` is good for nothing outside of it. A portal session is nobody; `for_user_id` or `key_id` is who let
    it in, and what that one may not do, it may not either.
    """

    kind: Kind
    name: str
    user_id: UUID | None = None
    session_id: UUID | None = None
    key_id: UUID | None = None
    workspace_id: UUID | None = None
    for_user_id: UUID | None = None
    scopes: frozenset[str] | None = None
    auth_time: datetime | None = None
    is_admin: bool = False

    @property
    def own_id(self) -> UUID:
        """The user this caller is. Only for methods that credentials of a workspace cannot reach."""
        if self.user_id is None:
            raise ValueError(f"{self.name} is not a person")
        return self.user_id

    def may(self, permission: str) -> bool:
        """Whether the credential's scopes leave room for `permission`."""
        return self.scopes is None or permission in self.scopes
