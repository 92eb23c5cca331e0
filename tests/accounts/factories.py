"""Rows of accounts for tests, made by the room's own models, and what a person does before a test begins."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from server.accounts.models import ApiKey, User
from server.accounts.service import passwords, sessions
from server.core import apikeys, clock, emails
from server.core.call import Call, serving

PASSWORD = "correct horse battery staple"
_numbers = count(1)


@cache
def hash_of(password: str) -> str:
    """Hashing takes long; a test needs the hash of a password, not another salt."""
    return passwords.hashed(password)


def make_user(email: str | None = None, password: str = PASSWORD, **values: Any) -> User:
    """A verified account."""
    email = email or f"person{next(_numbers)}@example.com"
    defaults = {
        "email": email,
        "email_key": emails.key(email),
        "email_verified": True,
        "password_hash": hash_of(password),
        "display_name": "Ada Lovelace",
    }
    return User.create(**(defaults | values))


def make_deleted(**values: Any) -> User:
    """An account that was deleted a moment ago."""
    now = clock.now()
    return make_user(**({"delete_time": now, "purge_time": now + timedelta(days=30)} | values))


def sign_in(user: User, *, address: str = "192.0.2.1", user_agent: str = "tests/1.0") -> sessions.Tokens:
    """A new session of `user`, without the price of a password."""
    with serving(Call(metadata={"user-agent": user_agent}, address=address)):
        return sessions.open_for(user, ["pwd"])


def make_key(user: User, *scopes: str, **values: Any) -> tuple[ApiKey, str]:
    """A personal API key and the key itself."""
    key = apikeys.generate("udk_")
    defaults = {"name": "Nightly export", "hint": apikeys.hint(key), "key_hash": apikeys.digest(key)}
    row = ApiKey.create(user=user.id, scopes=list(scopes or ("account.read",)), **(defaults | values))
    return row, key


@dataclass
class Person:
    """Somebody with an account who is signed in."""

    user: User
    tokens: sessions.Tokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = sign_in(self.user)

    @property
    def token(self) -> str:
        """The access token."""
        return self.tokens.access_token


def make_person(email: str | None = None, **values: Any) -> Person:
    """A verified account with a session."""
    return Person(make_user(email, **values))
