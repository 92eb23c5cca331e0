"""Rows of accounts as the messages of the contract."""

from datetime import UTC, datetime
from uuid import UUID

from jwt.utils import base64url_encode

from server.accounts.models import ApiKey, Session, SigningKey, User
from server.accounts.queries.users import Profile, Summary
from server.core import etags, ids
from userdata.accounts.v1 import api_key_pb2, session_pb2, user_pb2


def user(row: User | Profile) -> user_pb2.User:
    """An account. One that was locked before it was deleted is still locked when it comes back."""
    status = user_pb2.USER_STATUS_ACTIVE if row.lock_time is None else user_pb2.USER_STATUS_LOCKED
    return user_pb2.User(
        id=ids.encode("usr", row.id),
        email=row.email or "",
        email_verified=row.email_verified,
        display_name=row.display_name,
        avatar_url=row.avatar_url,
        locale=row.locale,
        time_zone=row.time_zone,
        status=status if row.delete_time is None else user_pb2.USER_STATUS_DELETED,
        labels=row.labels,
        create_time=row.create_time,
        update_time=row.update_time,
        delete_time=row.delete_time,
        purge_time=row.purge_time,
        etag=etags.of(row.id, row.revision),
    )


def user_summary(row: Summary) -> user_pb2.UserSummary:
    """Who a user is, for other people."""
    return user_pb2.UserSummary(
        id=ids.encode("usr", row.id),
        email=row.email or "",
        display_name=row.display_name,
        avatar_url=row.avatar_url,
    )


def session(row: Session, *, device: str, current: UUID | None) -> session_pb2.Session:
    """A session; `device` is what its user agent means, `current` the id of the caller's own."""
    return session_pb2.Session(
        id=ids.encode("ses", row.id),
        device=device,
        user_agent=row.user_agent,
        ip_address=row.ip_address,
        current=row.id == current,
        create_time=row.create_time,
        last_seen_time=row.last_seen_time,
        expire_time=row.expire_time,
    )


def api_key(row: ApiKey) -> api_key_pb2.ApiKey:
    """An API key, without the key."""
    return api_key_pb2.ApiKey(
        id=ids.encode("key", row.id),
        user_id=ids.encode("usr", row.user),
        name=row.name,
        scopes=row.scopes,
        hint=row.hint,
        expire_time=row.expire_time,
        last_used_time=row.last_used_time,
        create_time=row.create_time,
        update_time=row.update_time,
        revoke_time=row.revoke_time,
        etag=etags.of(row.id, row.revision),
    )


def expire_time(wanted: api_key_pb2.ApiKey) -> datetime | None:
    """When a wanted API key is to expire; None when never."""
    return wanted.expire_time.ToDatetime(UTC) if wanted.HasField("expire_time") else None


def json_web_key(row: SigningKey) -> session_pb2.JsonWebKey:
    """The public half of a signing key (RFC 8037 §2)."""
    x = base64url_encode(bytes(row.public_key)).decode()
    return session_pb2.JsonWebKey(kty="OKP", crv="Ed25519", x=x, kid=row.kid, use="sig", alg="EdDSA")
