"""Verifying credentials: what `server.core.credentials` calls when it does not know one. One query each."""

from datetime import timedelta
from typing import Final

from server.accounts.errors import (
    AccountLocked,
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    SessionExpired,
    SessionRevoked,
    TokenInvalid,
)
from server.accounts.queries import api_keys, sessions
from server.accounts.service import access_tokens
from server.core import apikeys, clock, ids
from server.core.credentials import Verified
from server.core.principal import Kind, Principal

API_KEY_PREFIX: Final = "udk_"
_NOTE_USE_EVERY: Final = timedelta(minutes=1)
#: The bound of credentials that do not expire by themselves; they are believed for a minute at a time anyway.
_ALWAYS: Final = timedelta(days=1)


def verify_access_token(token: str) -> Verified:
    """What an access token proves. Raises TokenInvalid, TokenExpired, SessionRevoked or SessionExpired."""
    claims = access_tokens.read(token)
    standing = sessions.standing(claims.session_id)
    if standing is None or standing.user_id != claims.user_id:
        raise TokenInvalid
    if standing.revoke_time or standing.lock_time or standing.delete_time:
        raise SessionRevoked
    if standing.expire_time <= clock.now():
        raise SessionExpired
    user, session = ids.encode("usr", claims.user_id), ids.encode("ses", claims.session_id)
    principal = Principal(
        Kind.SESSION,
        user,
        user_id=claims.user_id,
        session_id=claims.session_id,
        auth_time=standing.auth_time,
        is_admin=standing.is_admin,
    )
    return Verified(principal, min(claims.expire_time, standing.expire_time), (session, user))


def verify_api_key(key: str) -> Verified:
    """What a personal API key proves. Raises ApiKeyInvalid, ApiKeyRevoked, ApiKeyExpired or AccountLocked."""
    if not apikeys.is_wellformed(API_KEY_PREFIX, key):
        raise ApiKeyInvalid
    standing = api_keys.standing(apikeys.digests(key))
    if standing is None:
        raise ApiKeyInvalid
    _require_active(standing)
    now = clock.now()
    if standing.last_used_time is None or standing.last_used_time <= now - _NOTE_USE_EVERY:
        api_keys.note_use(standing.id, _NOTE_USE_EVERY)
    user, name = ids.encode("usr", standing.user_id), ids.encode("key", standing.id)
    principal = Principal(
        Kind.USER_KEY,
        name,
        user_id=standing.user_id,
        key_id=standing.id,
        scopes=frozenset(standing.scopes),
        is_admin=standing.is_admin,
    )
    return Verified(principal, standing.expire_time or now + _ALWAYS, (name, user))


def _require_active(standing: api_keys.Standing) -> None:
    if standing.revoke_time or standing.delete_time:
        raise ApiKeyRevoked
    if standing.expire_time is not None and standing.expire_time <= clock.now():
        raise ApiKeyExpired
    if standing.lock_time:
        raise AccountLocked
