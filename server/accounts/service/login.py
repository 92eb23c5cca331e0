"""Signing in: the password, and the second step when two-step login is on.

A wrong password, an unknown e-mail and an account whose password counts no more are one case: the same answer, the
same price, the same lock after five failures. What else keeps somebody out is told only to who has the password.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.accounts.errors import (
    AccountLocked,
    ChallengeInvalid,
    EmailNotVerified,
    InvalidCredentials,
    LoginLocked,
    TotpCodeInvalid,
)
from server.accounts.models import LoginChallenge, User
from server.accounts.queries import sessions as sessions_queries
from server.accounts.queries import totp as totp_queries
from server.accounts.queries import users
from server.accounts.service import deletion, passwords, people, sessions, totp
from server.accounts.service.guesses import Guesses
from server.core import call, clock, emails, tokens

CHALLENGE_LIFETIME: Final = timedelta(seconds=300)
CHALLENGE_TRIES: Final = 5
_CHALLENGE_PREFIX: Final = "udc_"
_PURPOSE: Final = "login_challenge"
_PASSWORD: Final = "pwd"  # noqa: S105 - the name of the method (RFC 8176)
_CODE: Final = "otp"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A login that is complete."""

    user: User
    tokens: sessions.Tokens


@dataclass(frozen=True, slots=True)
class Challenged:
    """A login whose second step is awaited until `expire_time`."""

    challenge: str
    expire_time: datetime


def login(email: str, password: str) -> SignedIn | Challenged:
    """Sign in with e-mail and password.

    Raises LoginLocked, InvalidCredentials, AccountLocked or EmailNotVerified.
    """
    key = emails.key(email)
    guesses = Guesses(key, call.current().address)
    wait = guesses.closed_for()
    if wait is not None:
        raise LoginLocked(wait)
    user = _proved(key, password)
    if user is None:
        guesses.count_failure()
        raise InvalidCredentials
    people.acknowledge(user.id)
    if user.lock_time is not None:
        raise AccountLocked
    if not user.email_verified:
        raise EmailNotVerified
    if totp_queries.is_enabled(user.id):
        return _challenge(user)
    guesses.forget()
    return _sign_in(user, [_PASSWORD])


def complete(challenge: str, code: str) -> SignedIn:
    """Sign in with the second step. Raises ChallengeInvalid, TotpCodeInvalid or AccountLocked.

    A wrong code counts as a failed login too, or new challenges would give ever new tries.
    """
    user, waiting = _waiting(challenge)
    guesses = Guesses(user.email_key or "", call.current().address)
    if not totp.accepts(user.id, code):
        waiting.failures += 1
        waiting.save()
        guesses.count_failure()
        raise TotpCodeInvalid
    people.acknowledge(user.id)
    if user.lock_time is not None:
        raise AccountLocked
    waiting.delete_instance()
    guesses.forget()
    return _sign_in(user, [_PASSWORD, _CODE])


def _proved(email_key: str, password: str) -> User | None:
    """The account that `password` opens, held; its hash is made anew when its parameters are outdated."""
    found = users.by_email(email_key)
    stored = found.password_hash if found else None
    if not passwords.matches(stored, password) or found is None or stored is None:
        return None
    new_hash = passwords.hashed(password) if passwords.is_outdated(stored) else None
    user = users.lock(found.id)
    if user is None:
        return None
    if user.password_hash != stored:
        # It was changed, or only hashed anew by another login of the same moment.
        return user if passwords.matches(user.password_hash, password) else None
    if new_hash is not None:
        user.password_hash = new_hash
        user.save()
    return user


def _challenge(user: User) -> Challenged:
    row = LoginChallenge.create(user=user.id, expire_time=clock.now() + CHALLENGE_LIFETIME)
    token = _CHALLENGE_PREFIX + tokens.mint(_PURPOSE, user.id, row.id, version=0)
    return Challenged(token, row.expire_time)


def _waiting(challenge: str) -> tuple[User, LoginChallenge]:
    """The login that `challenge` stands for, its user held so that tries take turns. Raises ChallengeInvalid."""
    text = challenge.removeprefix(_CHALLENGE_PREFIX)
    token = tokens.read(_PURPOSE, text) if text != challenge else None
    user = users.lock(token.ids[0]) if token else None
    row = sessions_queries.challenge(*token.ids) if token and user else None
    if user is None or row is None or row.failures >= CHALLENGE_TRIES or row.expire_time <= clock.now():
        raise ChallengeInvalid
    return user, row


def _sign_in(user: User, amr: list[str]) -> SignedIn:
    deletion.restore(user)
    return SignedIn(user, sessions.open_for(user, amr))
