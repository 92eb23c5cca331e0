"""People who use the product: registered, verified and signed in through the API, as anybody is."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.rest import Rest

PASSWORD = "correct horse battery staple"


@dataclass
class Person:
    """Somebody who is signed in."""

    email: str
    password: str
    id: str
    rest: Rest
    refresh_token: str

    @property
    def token(self) -> str:
        """The access token."""
        assert self.rest.token is not None
        return self.rest.token

    def sign_in(self) -> Self:
        """Open another session and go on in it."""
        tokens = self.rest.post("/v1/auth/login", {"email": self.email, "password": self.password})
        self.rest, self.refresh_token = self.rest.signed_in(tokens["accessToken"]), tokens["refreshToken"]
        return self

    def awake(self) -> Self:
        """The same, in a new session if the one before has ended."""
        return self if self.rest.send("GET", "/v1/me").ok else self.sign_in()

    def workspace(self, name: str = "Acme Engines", **fields: Any) -> str:
        """The id of a new workspace that this person owns."""
        made: dict[str, str] = self.rest.post("/v1/workspaces", {"name": name, **fields})
        return made["id"]


@dataclass
class People:
    """Makes people."""

    anyone: Rest
    mailbox: Mailbox
    make_admin: Callable[[str], None]

    @staticmethod
    def address(name: str = "ada") -> str:
        """An e-mail that nobody has yet."""
        return f"{name}.{secrets.token_hex(6)}@example.com"

    def register(self, email: str | None = None, *, name: str = "Ada Lovelace", password: str = PASSWORD) -> str:
        """Register; gives the e-mail."""
        email = email or self.address()
        self.anyone.post("/v1/auth/register", {"email": email, "password": password, "displayName": name})
        return email

    def person(self, email: str | None = None, *, name: str = "Ada Lovelace", password: str = PASSWORD) -> Person:
        """Somebody new who is signed in."""
        email = self.register(email, name=name, password=password)
        user = self.anyone.post("/v1/auth/verify-email", {"token": self.mailbox.token(email, "verification")})["user"]
        return Person(email, password, user["id"], self.anyone, "").sign_in()

    def admin(self) -> Person:
        """An administrator of the installation."""
        person = self.person(name="Grace Hopper")
        self.make_admin(person.email)
        return person.sign_in()

    def invite(self, owner: Person, workspace: str, email: str, role: str = "ROLE_MEMBER") -> str:
        """Invite `email` into a workspace; gives the token that was mailed."""
        before = len(self.mailbox.letters(email, "invitation"))
        owner.rest.post(f"/v1/workspaces/{workspace}/invitations", {"email": email, "role": role})
        return self.mailbox.token(email, "invitation", number=before + 1)

    def join(self, owner: Person, workspace: str, person: Person, role: str = "ROLE_MEMBER") -> None:
        """Make `person` a member."""
        token = self.invite(owner, workspace, person.email, role)
        person.rest.post("/v1/invitations:accept", {"token": token})
