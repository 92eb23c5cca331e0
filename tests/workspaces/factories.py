"""Rows of workspaces for tests, made by the room's own models, and the calls that nearly every test makes."""

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from server.core import apikeys, clock, emails, ids, tenancy, tokens
from server.core.models import Event
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey
from server.workspaces.roles import Role
from server.workspaces.service.answers import PURPOSE
from tests.accounts.factories import Person, make_person
from tests.support.client import Client

WORKSPACES = "userdata.workspaces.v1.WorkspaceService/"
MEMBERS = "userdata.workspaces.v1.MemberService/"
INVITATIONS = "userdata.workspaces.v1.InvitationService/"
TRANSFERS = "userdata.workspaces.v1.OwnershipTransferService/"
KEYS = "userdata.workspaces.v1.WorkspaceApiKeyService/"
_numbers = count(1)


def make_workspace(owner: Person, **values: Any) -> Workspace:
    """A workspace with its owner; the scope goes on in it."""
    workspace_id = values.pop("id", None) or ids.new()
    tenancy.switch(workspace=workspace_id, user=owner.user.id)
    defaults = {"name": "Acme Engines", "slug": f"acme-{next(_numbers)}"}
    workspace = Workspace.create(id=workspace_id, owner=owner.user.id, **(defaults | values))
    Member.create(workspace=workspace_id, user=owner.user.id, role=Role.OWNER)
    return workspace


def alter(workspace: Workspace, **values: Any) -> None:
    """Set columns of the workspace behind the product's back."""
    tenancy.enter(workspace.id)
    Workspace.update(**values).where(Workspace.id == workspace.id).execute()


def make_member(workspace: Workspace, role: Role = Role.MEMBER, *extras: str, person: Person | None = None) -> Person:
    """Somebody with this role in the workspace."""
    person = person or make_person()
    tenancy.enter(workspace.id)
    Member.create(workspace=workspace.id, user=person.user.id, role=role, extra_permissions=list(extras))
    return person


def make_invitation(workspace: Workspace, email: str = "grace@example.com", **values: Any) -> Invitation:
    """A pending invitation that was sent an hour ago."""
    tenancy.enter(workspace.id)
    now = clock.now()
    defaults = {
        "role": Role.MEMBER,
        "inviter": workspace.owner,
        "send_time": now - timedelta(hours=1),
        "expire_time": now + timedelta(days=7),
    }
    return Invitation.create(workspace=workspace.id, email=email, email_key=emails.key(email), **(defaults | values))


def token_of(invitation: Invitation) -> str:
    """The token that the newest mail about the invitation holds."""
    return tokens.mint(PURPOSE, invitation.workspace, invitation.id, version=invitation.version)


def make_transfer(workspace: Workspace, to: Person, **values: Any) -> OwnershipTransfer:
    """An open offer of the workspace's owner."""
    tenancy.enter(workspace.id)
    defaults = {"offerer": workspace.owner, "expire_time": clock.now() + timedelta(days=7)}
    return OwnershipTransfer.create(workspace=workspace.id, user=to.user.id, **(defaults | values))


def make_key(workspace: Workspace, owner: Person, *scopes: str, **values: Any) -> tuple[WorkspaceApiKey, str]:
    """An API key of the workspace and the key itself."""
    tenancy.enter(workspace.id)
    key = apikeys.generate("udw_")
    defaults = {"name": "Billing sync", "hint": apikeys.hint(key), "key_hash": apikeys.digest(key)}
    row = WorkspaceApiKey.create(
        workspace=workspace.id, owner=owner.user.id, scopes=list(scopes or ("workspaces.read",)), **(defaults | values)
    )
    return row, key


def events_of(workspace_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """Type and payload of what was published about the workspace, in order."""
    tenancy.enter(workspace_id)
    rows: Any = Event.select(Event.type, Event.data).where(Event.workspace_id == workspace_id)
    return list(rows.order_by(Event.create_time, Event.id).tuples())


def ws(workspace: Workspace) -> str:
    """The workspace's id as the contract writes it."""
    return ids.encode("ws", workspace.id)


def usr(person: Person) -> str:
    """The person's id as the contract writes it."""
    return ids.encode("usr", person.user.id)


class Caller:
    """Calls methods with one credential."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, method: str, request: Any, **headers: str) -> Any:
        """The response, or RpcError."""
        return Client().call(method, request, token=self.token, headers=headers)


def by(person: Person) -> Caller:
    """Calls of a signed-in person."""
    return Caller(person.token)
