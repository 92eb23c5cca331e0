"""What administrators of the installation do with other people's accounts."""

from typing import Any, Final
from uuid import UUID

from server.accounts.errors import OwnAccount
from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import deletion, guesses, passwords, people, positions, profile, registration, sessions
from server.core import clock, credentials, emails, etags, filters, ids, paging, validation
from server.core.errors import NotFound
from server.core.filters import Comparison, FilterInvalid
from server.core.paging import Page
from userdata.accounts.v1.account_service_pb2 import RegisterRequest

_STATUSES: Final = {
    "USER_STATUS_ACTIVE": users.is_active,
    "USER_STATUS_LOCKED": users.is_locked,
    "USER_STATUS_DELETED": users.is_deleted,
}


def listed(page: Page, *, filter_text: str, order_by: str, show_deleted: bool) -> tuple[list[User], str]:
    """A page of accounts and the token of the next one. Raises FilterInvalid or OrderByInvalid."""
    comparisons = filters.parse(filter_text, fields={"email", "status"})
    conditions = [_condition(comparison) for comparison in comparisons]
    if not show_deleted:
        conditions.append(users.is_living())
    descending = paging.descending(order_by, "create_time", default=True)
    rows = users.page(conditions, descending=descending, after=positions.after(page), limit=page.limit)
    return page.cut(rows, positions.of)


def found(user_id: UUID) -> users.Profile:
    """An account, also a deleted one. Raises NotFound."""
    return profile.mine(user_id)


def lock(admin_id: UUID, user_id: UUID, etag: str) -> User:
    """Keep somebody out until further notice and end the sessions. Raises OwnAccount, NotFound or Aborted."""
    user = _other(admin_id, user_id, etag)
    if user.lock_time is None:
        people.change(user, lock_time=clock.now())
        sessions.end_all(user.id, "ACCOUNT_LOCKED")
        _forget_credentials(user)
    return user


def unlock(user_id: UUID, etag: str) -> User:
    """Let somebody in again, also from where too many logins failed. Raises NotFound or Aborted."""
    user = _held(user_id, etag)
    people.change(user, lock_time=None)
    if user.email_key is not None:
        guesses.forget_everywhere(user.email_key)
    return user


def delete(admin_id: UUID, user_id: UUID, etag: str) -> User:
    """Delete somebody's account, as they could. Raises OwnAccount, NotFound, Aborted, or what a guard raises."""
    _other(admin_id, user_id, etag)
    return deletion.delete(user_id, etag)


def create_admin(email: str, password: str, display_name: str) -> User:
    """Make an administrator of the installation, with a verified e-mail.

    For whoever owns the machine, inside a transaction. An account that has this e-mail becomes the administrator's: it
    gets the password, is unlocked and undeleted, and its sessions end. Raises InvalidArgument.
    """
    validation.validate(RegisterRequest(email=email, password=password, display_name=display_name))
    passwords.check(password, email=email, field="password")
    password_hash = passwords.hashed(password)
    key = emails.key(email)
    user = User(
        email=email,
        email_key=key,
        email_verified=True,
        password_hash=password_hash,
        display_name=display_name,
        is_admin=True,
    )
    if registration.create(user):
        return user
    holder = users.by_email(key)
    if holder is None:
        raise NotFound
    user = _held(holder.id, "")
    user.password_hash, user.is_admin = password_hash, True
    user.save()
    people.change(user, email_verified=True, lock_time=None, delete_time=None, purge_time=None)
    sessions.end_all(user.id, "PASSWORD_CHANGED")
    _forget_credentials(user)
    return user


def _condition(comparison: Comparison) -> Any:
    if comparison.negated:
        raise FilterInvalid("The filter compares {field} with = only.", field=comparison.field)
    if comparison.field == "email":
        return users.has_email(emails.key(comparison.value))
    status = _STATUSES.get(comparison.value)
    if status is None:
        choice = ", ".join(_STATUSES)
        raise FilterInvalid(f"The filter knows no such {{field}}. Use {choice}.", field="status")
    return status()


def _other(admin_id: UUID, user_id: UUID, etag: str) -> User:
    if admin_id == user_id:
        raise OwnAccount
    return _held(user_id, etag)


def _held(user_id: UUID, etag: str) -> User:
    user = users.lock(user_id)
    if user is None:
        raise NotFound
    etags.require(etag, user.id, user.revision)
    return user


def _forget_credentials(user: User) -> None:
    """Have every process look again at what the user's sessions and API keys may do."""
    credentials.revoke(ids.encode("usr", user.id))
