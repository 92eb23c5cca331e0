"""Deleting accounts, bringing them back, and forgetting the people behind them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from server.accounts import convert
from server.accounts.errors import NotDeleted
from server.accounts.models import User
from server.accounts.queries import api_keys as api_keys_queries
from server.accounts.queries import sessions as sessions_queries
from server.accounts.queries import totp as totp_queries
from server.accounts.queries import users
from server.accounts.service import api_keys, people, sessions
from server.core import clock, etags, events
from server.core.errors import NotFound
from userdata.accounts.v1.account_events_pb2 import UserDeleted

KEEP: Final = timedelta(days=30)

#: Asked before an account is deleted, with the user's id; one that objects raises a DomainError. Rooms above have a say
#: here without being known here: `server.app` puts their functions in.
GUARDS: Final[list[Callable[[UUID], None]]] = []


def delete(user_id: UUID, etag: str) -> User:
    """Delete an account and end all its sessions and API keys. Deleting it again changes nothing.

    Raises NotFound, Aborted, or what a guard raises.
    """
    user = _held(user_id, etag)
    if user.delete_time is not None:
        return user
    for guard in GUARDS:
        guard(user_id)
    now = clock.now()
    user.delete_time, user.purge_time, user.update_time = now, now + KEEP, now
    user.verification_expire_time = user.reset_expire_time = None
    user.revision += 1
    user.save()
    sessions.end_all(user_id, "ACCOUNT_DELETED")
    api_keys.revoke_all(user_id)
    message = convert.user(user)
    payload = UserDeleted(user_id=message.id, delete_time=message.delete_time, purge_time=message.purge_time)
    events.publish("user.deleted", payload, subject=message.id)
    return user


def undelete(user_id: UUID, etag: str) -> User:
    """Bring back an account. Raises NotFound (also when it is purged), Aborted or NotDeleted."""
    user = _held(user_id, etag)
    if user.email is None:
        raise NotFound
    if user.delete_time is None:
        raise NotDeleted
    restore(user)
    return user


def restore(user: User) -> None:
    """Bring back `user`, which is held, if it is deleted. Sessions and API keys stay ended."""
    people.change(user, delete_time=None, purge_time=None)


def purge_due(limit: int) -> int:
    """Forget the people of at most `limit` accounts whose time has come; gives how many.

    For a worker, inside a transaction. The row keeps its id and its times, so that what refers to it still does.
    """
    due = users.hold_due(limit)
    for user in due:
        _purge(user)
    return len(due)


def _purge(user: User) -> None:
    for forget in (
        sessions_queries.delete_challenges_of,
        sessions_queries.delete_of,
        totp_queries.delete,
        api_keys_queries.delete_of,
    ):
        forget(user.id)
    user.email = user.email_key = user.password_hash = None
    user.display_name = user.avatar_url = ""
    user.locale, user.time_zone, user.labels = "en", "UTC", {}
    user.email_verified = user.is_admin = False
    user.revision += 1
    user.save()


def _held(user_id: UUID, etag: str) -> User:
    user = users.lock(user_id)
    if user is None:
        raise NotFound
    etags.require(etag, user.id, user.revision)
    return user
