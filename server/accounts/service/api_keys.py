"""Personal API keys: making, renaming and revoking them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from server.accounts import convert
from server.accounts.errors import ApiKeyNotActive, PermissionNotHeld, PermissionUnknown, TooManyApiKeys
from server.accounts.models import ApiKey
from server.accounts.queries import api_keys, users
from server.accounts.service import positions
from server.accounts.service.authentication import API_KEY_PREFIX
from server.core import apikeys, clock, contract, credentials, etags, events
from server.core.errors import NotFound
from server.core.paging import Page
from userdata.accounts.v1 import account_events_pb2 as events_pb2

MOST_ACTIVE: Final = 50


def create(user_id: UUID, *, name: str, scopes: Sequence[str], expire_time: datetime | None) -> tuple[ApiKey, str]:
    """A new API key and the key itself, which nobody can read again.

    Raises PermissionUnknown, PermissionNotHeld or TooManyApiKeys.
    """
    # Held, so that of many calls at once none goes over the limit.
    user = users.lock(user_id)
    if user is None:
        raise NotFound
    _require_grantable(scopes, is_admin=user.is_admin)
    if api_keys.count_active(user_id) >= MOST_ACTIVE:
        raise TooManyApiKeys(limit=str(MOST_ACTIVE))
    key = apikeys.generate(API_KEY_PREFIX)
    row = ApiKey.create(
        user=user_id,
        name=name,
        scopes=list(scopes),
        hint=apikeys.hint(key),
        key_hash=apikeys.digest(key),
        expire_time=expire_time,
    )
    message = convert.api_key(row)
    payload = events_pb2.ApiKeyCreated(
        api_key_id=message.id,
        user_id=message.user_id,
        name=name,
        scopes=scopes,
        expire_time=expire_time,
    )
    events.publish("api_key.created", payload, subject=message.id)
    return row, key


def found(user_id: UUID, api_key_id: UUID) -> ApiKey:
    """One of the user's API keys. Raises NotFound."""
    row = api_keys.of_user(user_id, api_key_id)
    if row is None:
        raise NotFound
    return row


def listed(user_id: UUID, page: Page, *, show_revoked: bool) -> tuple[list[ApiKey], str]:
    """A page of the user's API keys, the newest first, and the token of the next page."""
    after = positions.after(page)
    rows = api_keys.page(user_id, show_revoked=show_revoked, after=after, limit=page.limit)
    return page.cut(rows, positions.of)


def rename(user_id: UUID, api_key_id: UUID, *, name: str | None, etag: str) -> ApiKey:
    """Give an API key another name; None leaves it. Raises NotFound, Aborted or ApiKeyNotActive."""
    row = _held(user_id, api_key_id, etag)
    expired = row.expire_time is not None and row.expire_time <= clock.now()
    if row.revoke_time is not None or expired:
        raise ApiKeyNotActive
    if name is not None and name != row.name:
        row.name = name
        row.revision += 1
        row.update_time = clock.now()
        row.save()
    return row


def revoke(user_id: UUID, api_key_id: UUID, *, etag: str) -> None:
    """End an API key for good; again changes nothing. Raises NotFound or Aborted."""
    row = _held(user_id, api_key_id, etag)
    if row.revoke_time is None:
        row.revoke_time = row.update_time = clock.now()
        row.revision += 1
        row.save()
        _tell_revoked(row)


def revoke_all(user_id: UUID) -> None:
    """End all API keys of the user."""
    for row in api_keys.revoke_all(user_id):
        _tell_revoked(row)


def _held(user_id: UUID, api_key_id: UUID, etag: str) -> ApiKey:
    row = api_keys.lock(user_id, api_key_id)
    if row is None:
        raise NotFound
    etags.require(etag, row.id, row.revision)
    return row


def _require_grantable(scopes: Sequence[str], *, is_admin: bool) -> None:
    for scope in scopes:
        if scope not in contract.permissions():
            raise PermissionUnknown(permission=scope)
        if scope.startswith(contract.INSTALLATION) and not is_admin:
            raise PermissionNotHeld(permission=scope)


def _tell_revoked(row: ApiKey) -> None:
    message = convert.api_key(row)
    payload = events_pb2.ApiKeyRevoked(api_key_id=message.id, user_id=message.user_id, name=row.name)
    events.publish("api_key.revoked", payload, subject=message.id)
    credentials.revoke(message.id)
