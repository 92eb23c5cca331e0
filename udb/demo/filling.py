"""Makes the demo, in one transaction and by the product's own methods, so that it is as if people had done it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import passwords, registration
from server.core import crypto, emails, ids, tenancy, tokens
from server.workspaces import convert
from server.workspaces.roles import Role
from server.workspaces.service.answers import PURPOSE
from udb import direct
from udb.demo.cast import ADMINISTRATOR, DOMAIN, PEOPLE, PERSONAL_KEYS, TEAMS, Team
from udb.demo.traffic import TRAFFIC
from udb.demo.work import WORK
from udb.errors import ToolError

_PASSWORD_BYTES: Final = 10


@dataclass(frozen=True)
class Outcome:
    """What came of it. `keys` are the new API keys by what they are for; none when the demo was there before."""

    is_new: bool
    password: str
    keys: Mapping[str, str]


def fill(url: str) -> Outcome:
    """Make the demo in the database at `url`, unless it is there.

    The password of all its people is the same each time, and another in each installation: it comes from the key ring.
    Raises ToolError when something else stands in its place.
    """
    password = base64.b32encode(crypto.ring().mac("demo", b"password")[:_PASSWORD_BYTES]).decode().lower()
    with direct.opened(url), tenancy.transaction():
        if users.by_email(emails.key(PEOPLE[0].email)) is not None:
            return Outcome(is_new=False, password=password, keys={})
        people = _people(password)
        keys: dict[str, str] = {}
        for team in TEAMS:
            keys |= _Workspace(team, people).fill()
        for owner, name, scopes in PERSONAL_KEYS:
            made = direct.call(people[owner], "ApiKeyService/CreateApiKey", api_key={"name": name, "scopes": scopes})
            keys[f"{name}, {owner}@{DOMAIN}"] = made.key
        return Outcome(is_new=True, password=password, keys=keys)


def _people(password: str) -> dict[str, UUID]:
    """The ids of the new accounts, by the keys of their people."""
    password_hash = passwords.hashed(password)
    made = {}
    for person in PEOPLE:
        user = User(
            email=person.email,
            email_key=emails.key(person.email),
            email_verified=True,
            password_hash=password_hash,
            display_name=person.name,
            locale=person.locale,
            time_zone=person.time_zone,
            is_admin=person.key == ADMINISTRATOR,
        )
        if not registration.create(user):
            raise ToolError(f"The e-mail {person.email} is taken: delete that account, then run the demo again.")
        made[person.key] = user.id
    return made


class _Workspace:
    """A workspace of the demo while it is made. Its owner does everything that others need not do themselves."""

    def __init__(self, team: Team, people: Mapping[str, UUID]) -> None:
        self._team, self._people = team, people
        wanted = {"name": team.name, "slug": team.slug, "labels": team.labels}
        made = direct.call(people[team.owner], "WorkspaceService/CreateWorkspace", workspace=wanted)
        self._id: str = made.id

    def fill(self) -> dict[str, str]:
        """Invite, accept, decline, offer, publish, run; gives the workspace's API keys by their names."""
        for key, role in self._team.joining.items():
            self._answer(key, "AcceptInvitation", role)
        for key in self._team.declined:
            self._answer(key, "DeclineInvitation", Role.MEMBER)
        for key, role in self._team.invited.items():
            self._invite(key, role)
        for key in self._team.revoked:
            self._ask("InvitationService/RevokeInvitation", invitation_id=self._invite(key, Role.MEMBER))
        for key, permissions in self._team.extra.items():
            self._ask("MemberService/UpdateMember", user_id=self._user(key), member={"extra_permissions": permissions})
        if self._team.offered_to:
            offer = {"user_id": self._user(self._team.offered_to)}
            self._ask("OwnershipTransferService/CreateOwnershipTransfer", ownership_transfer=offer)
        TRAFFIC[self._team.slug].make(self._ask, self._team.slug)
        WORK[self._team.slug].make(self._ask)
        return {f"{name}, {self._team.name}": self._key(name, scopes) for name, scopes in self._team.keys.items()}

    def _ask(self, method: str, **fields: Any) -> Any:
        return direct.call(self._people[self._team.owner], method, workspace_id=self._id, **fields)

    def _user(self, key: str) -> str:
        return ids.encode("usr", self._people[key])

    def _invite(self, key: str, role: Role) -> str:
        """The id of a new invitation."""
        wanted = {"email": f"{key}@{DOMAIN}", "role": convert.role(role)}
        invitation_id: str = self._ask("InvitationService/CreateInvitation", invitation=wanted).id
        return invitation_id

    def _answer(self, key: str, method: str, role: Role) -> None:
        """Invite a person, who answers with the token that the mail would have carried."""
        invitation = ids.decode("inv", self._invite(key, role))
        token = tokens.mint(PURPOSE, ids.decode("ws", self._id), invitation, version=1)
        direct.call(self._people[key], f"InvitationService/{method}", token=token)

    def _key(self, name: str, scopes: tuple[str, ...]) -> str:
        made = self._ask("WorkspaceApiKeyService/CreateWorkspaceApiKey", api_key={"name": name, "scopes": scopes})
        key: str = made.key
        return key
