"""What a test of accounts does and sees: short calls, the jobs and events of its transaction, letters and codes."""

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from google.protobuf.descriptor_pool import Default
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from server import app
from server.accounts.models import User
from server.accounts.service import mail
from server.core import clock, ids
from server.core.db import db
from server.core.mail import Letter
from tests.accounts.factories import PASSWORD, Person
from tests.support.client import Client, RpcError
from userdata.accounts.v1 import account_service_pb2 as account
from userdata.accounts.v1 import session_service_pb2 as session
from userdata.accounts.v1 import totp_service_pb2 as totp
from userdata.accounts.v1 import user_admin_service_pb2 as user_admin


class Api:
    """Calls methods of accounts by the names of their requests."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, request: Message, caller: Person | str | None = None, **options: Any) -> Any:
        """The response to `request`; `caller` is a person or a credential."""
        token = caller.token if isinstance(caller, Person) else caller
        return self._client.call(_METHODS[request.DESCRIPTOR.name], request, token=token, **options)

    def register(self, email: str = "ada@example.com", password: str = PASSWORD, name: str = "Ada Lovelace") -> None:
        """Register."""
        self(account.RegisterRequest(email=email, password=password, display_name=name))

    def log_in(self, email: str, password: str = PASSWORD, **options: Any) -> Any:
        """Log in."""
        return self(session.LoginRequest(email=email, password=password), **options)

    def refresh(self, refresh_token: str, **options: Any) -> Any:
        """Refresh."""
        return self(session.RefreshSessionRequest(refresh_token=refresh_token), **options)

    def me(self, caller: Person | str) -> Any:
        """The caller's account."""
        return self(account.GetMeRequest(), caller)

    def enable_totp(self, person: Person) -> tuple[bytes, list[str]]:
        """Turn two-step login on; gives the secret and the recovery codes."""
        secret = base64.b32decode(self(totp.EnrolTotpRequest(), person).secret)
        confirmed = self(totp.ConfirmTotpRequest(code=code_of(secret)), person)
        return secret, list(confirmed.recovery_codes)


def _methods() -> dict[str, str]:
    found: dict[str, str] = {}
    for service, _ in app.SERVICERS:
        if service.full_name.startswith("userdata.accounts."):
            found |= {method.input_type.name: f"{service.full_name}/{method.name}" for method in service.methods}
    return found


_METHODS = _methods()


def refusal(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The RpcError with which `call` is refused."""
    with pytest.raises(RpcError) as error:
        call(*arguments, **options)
    return error.value


def code_of(secret: bytes, *, steps: int = 0) -> str:
    """What an authenticator shows now, or some steps of 30 seconds from now."""
    at = int(clock.now().timestamp()) + 30 * steps
    return TOTP(secret, 6, SHA1(), 30).generate(at).decode()  # noqa: S303 - the algorithm of all authenticators


def claims_of(access_token: str) -> dict[str, Any]:
    """What an access token says, whoever signed it."""
    claims: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    return claims


def moment_of(timestamp: Timestamp) -> datetime:
    """A time of the contract as the rows have it."""
    return timestamp.ToDatetime(UTC)


def user_of(email: str) -> User:
    """The row of the account that was registered with this e-mail."""
    return User.get(User.email == email)


def jobs(kind: type[Message] | None = None) -> list[Message]:
    """The jobs that this test's transaction enqueued, in order, of one kind or of all."""
    found = []
    for name, payload in _as_owner("SELECT type, payload FROM job ORDER BY id"):
        message = GetMessageClass(Default().FindMessageTypeByName(name))
        found.append(message.FromString(bytes(payload)))
    return [job for job in found if kind is None or isinstance(job, kind)]


def events(event_type: str, payload: type[Message]) -> list[Any]:
    """The payloads of the events of one type, in order."""
    rows = _as_owner("SELECT data FROM event WHERE type = %s ORDER BY id", event_type)
    return [ParseDict(data, payload()) for (data,) in rows]


def actors(event_type: str) -> list[str]:
    """Who did what the events of one type tell of."""
    return [actor for (actor,) in _as_owner("SELECT actor FROM event WHERE type = %s ORDER BY id", event_type)]


def letter_token(letter: Letter | None) -> str:
    """The token at the end of a letter's link."""
    assert letter is not None
    return letter.values["link"].partition("?token=")[2]


def verification_token(user_id: UUID) -> str:
    """The token that is mailed to verify an e-mail."""
    return letter_token(mail.verification(user_id))


def reset_token(user_id: UUID) -> str:
    """The token that is mailed to set a password."""
    return letter_token(mail.reset(user_id))


def lock_of(user_id: UUID) -> user_admin.LockUserRequest:
    """The request that locks a user."""
    return user_admin.LockUserRequest(user_id=name_of(user_id))


def name_of(user_id: UUID) -> str:
    """The id of a user as the contract shows it."""
    return ids.encode("usr", user_id)


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Go on in the same transaction with the rights of another role; NONE is the owner."""
    db.execute_sql(f"SET LOCAL ROLE {role}")
    try:
        yield
    finally:
        db.execute_sql("SET LOCAL ROLE userdata_app")


def as_worker() -> AbstractContextManager[None]:
    """Go on with the rights of a worker."""
    return as_role("userdata_worker")


def _as_owner(sql: str, *values: Any) -> list[Any]:
    """Rows that the app may write and not read."""
    with as_role("NONE"):
        rows: list[Any] = db.execute_sql(sql, values).fetchall()
    return rows
