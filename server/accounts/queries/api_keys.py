"""Reading and changing personal API keys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.accounts.models import ApiKey, User
from server.accounts.queries.users import FOR_CHANGE
from server.core import clock
from server.core.db import Prepared, Slot


class Standing(NamedTuple):
    """All that decides whether an API key holds and what it may do."""

    id: UUID
    user_id: UUID
    scopes: list[str]
    expire_time: datetime | None
    last_used_time: datetime | None
    revoke_time: datetime | None
    is_admin: bool
    lock_time: datetime | None
    delete_time: datetime | None


_STANDING: Final = Prepared(
    lambda: (
        ApiKey.select(
            ApiKey.id,
            ApiKey.user,
            ApiKey.scopes,
            ApiKey.expire_time,
            ApiKey.last_used_time,
            ApiKey.revoke_time,
            User.is_admin,
            User.lock_time,
            User.delete_time,
        )
        .join(User)
        .where(ApiKey.key_hash == peewee.fn.ANY(Slot("hashes")))
    )
)


def standing(hashes: Sequence[bytes]) -> Standing | None:
    """How the API key with one of these hashes stands, with its user; one query."""
    row = _STANDING.row(hashes=list(hashes))
    return Standing(*row) if row else None


def note_use(api_key_id: UUID, pause: timedelta) -> None:
    """Remember that the API key is used now, unless that was written less than `pause` ago."""
    now = clock.now()
    stale = ApiKey.last_used_time.is_null() | (ApiKey.last_used_time <= now - pause)
    ApiKey.update(last_used_time=now).where((ApiKey.id == api_key_id) & stale).execute()


def of_user(user_id: UUID, api_key_id: UUID) -> ApiKey | None:
    """The user's API key of that id."""
    return ApiKey.get_or_none((ApiKey.id == api_key_id) & (ApiKey.user == user_id))


def lock(user_id: UUID, api_key_id: UUID) -> ApiKey | None:
    """The user's API key of that id, held against other changes until the transaction ends."""
    rows = ApiKey.select().where((ApiKey.id == api_key_id) & (ApiKey.user == user_id))
    return rows.for_update(FOR_CHANGE).get_or_none()


def page(user_id: UUID, *, show_revoked: bool, after: tuple[datetime, UUID] | None, limit: int) -> list[ApiKey]:
    """At most `limit` API keys of the user, the newest first, after the position `after`."""
    rows = ApiKey.select().where(ApiKey.user == user_id)
    if not show_revoked:
        rows = rows.where(ApiKey.revoke_time.is_null())
    if after is not None:
        rows = rows.where(peewee.Tuple(ApiKey.create_time, ApiKey.id) < peewee.Tuple(*after))
    return list(rows.order_by(ApiKey.create_time.desc(), ApiKey.id.desc()).limit(limit))


def count_active(user_id: UUID) -> int:
    """How many API keys of the user work now."""
    return ApiKey.select().where(_active(user_id)).count()


def revoke_all(user_id: UUID) -> list[ApiKey]:
    """Revoke the API keys of the user that work; gives them."""
    now = clock.now()
    ended = ApiKey.update(revoke_time=now, update_time=now, revision=ApiKey.revision + 1).where(_active(user_id))
    return list(ended.returning(ApiKey).execute())


def delete_of(user_id: UUID) -> None:
    """Forget all API keys of the user."""
    ApiKey.delete().where(ApiKey.user == user_id).execute()


def _active(user_id: UUID) -> Any:
    unexpired = ApiKey.expire_time.is_null() | (ApiKey.expire_time > clock.now())
    return (ApiKey.user == user_id) & ApiKey.revoke_time.is_null() & unexpired
