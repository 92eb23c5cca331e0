"""Setting a new password: signed in, or by a link to the mailbox when the old one is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from server.accounts.errors import PasswordResetTokenInvalid, ResendTooSoon
from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import guesses, mailed_tokens, passwords, people, sessions, throttle
from server.core import clock, emails, ids, jobs
from server.core.errors import NotFound
from userdata.jobs.v1.mail_pb2 import SendPasswordChangedEmail, SendPasswordResetEmail

LIFETIME: Final = timedelta(hours=1)
_FIELD: Final = "new_password"


def request(email: str) -> None:
    """Mail a link that sets a new password, if there is an account with this e-mail. Raises ResendTooSoon."""
    key = emails.key(email)
    wait = throttle.claim(throttle.Kind.RESET, key)
    if wait is not None:
        raise ResendTooSoon(wait)
    holder = users.by_email(key)
    user = users.lock(holder.id) if holder else None
    if user is not None and user.email is not None:
        issue(user)
        jobs.enqueue(SendPasswordResetEmail(user_id=ids.encode("usr", user.id)))


def issue(user: User) -> None:
    """Make a new reset link possible for an hour; earlier ones stop working."""
    user.reset_version += 1
    user.reset_expire_time = clock.now() + LIFETIME
    user.save()


def is_open(user: User) -> bool:
    """Whether the newest reset link of `user` still works."""
    return user.email is not None and user.reset_expire_time is not None and user.reset_expire_time > clock.now()


def reset(token: str, new_password: str) -> None:
    """Set the password by a mailed token. It ends all sessions and counts as proof of the mailbox.

    Raises PasswordResetTokenInvalid, PasswordTooCommon or PasswordContainsEmail; after the last two the token still
    works.
    """
    user = _named(token, users.by_id)
    password_hash = _checked_hash(user, new_password)
    # Hashing takes long, so the row is held only now; the token may be used by another call meanwhile.
    user = _named(token, users.lock)
    people.acknowledge(user.id)
    if user.email_key is not None:
        guesses.forget_everywhere(user.email_key)
    _set(user, password_hash, keep=None)
    people.change(user, email_verified=True)


def change(user_id: UUID, session_id: UUID | None, new_password: str) -> None:
    """Set the password of a signed-in person and end the other sessions. Raises as `reset` does of the password."""
    user = users.by_id(user_id)
    if user is None:
        raise NotFound
    password_hash = _checked_hash(user, new_password)
    user = users.lock(user_id)
    if user is None:
        raise NotFound
    _set(user, password_hash, keep=session_id)


def _named(token: str, find: Callable[[UUID], User | None]) -> User:
    named = mailed_tokens.read(mailed_tokens.Kind.RESET, token)
    user = find(named.user_id) if named else None
    if named is None or user is None or not is_open(user) or named.version != user.reset_version:
        raise PasswordResetTokenInvalid
    return user


def _checked_hash(user: User, new_password: str) -> str:
    passwords.check(new_password, email=user.email or "", field=_FIELD)
    return passwords.hashed(new_password)


def _set(user: User, password_hash: str, *, keep: UUID | None) -> None:
    user.password_hash = password_hash
    user.reset_expire_time = None
    user.save()
    sessions.end_all(user.id, "PASSWORD_CHANGED", keep=keep)
    jobs.enqueue(SendPasswordChangedEmail(user_id=ids.encode("usr", user.id)))
