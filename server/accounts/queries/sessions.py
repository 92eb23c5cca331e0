"""Reading and changing sessions, and the logins that wait for their second step."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.accounts.models import LoginChallenge, Session, User
from server.core import clock
from server.core.batches import delete_some
from server.core.db import Prepared, Slot


class Standing(NamedTuple):
    """All that decides whether an access token of a session holds."""

    user_id: UUID
    auth_time: datetime
    expire_time: datetime
    revoke_time: datetime | None
    is_admin: bool
    lock_time: datetime | None
    delete_time: datetime | None


_STANDING: Final = Prepared(
    lambda: (
        Session.select(
            Session.user,
            Session.auth_time,
            Session.expire_time,
            Session.revoke_time,
            User.is_admin,
            User.lock_time,
            User.delete_time,
        )
        .join(User)
        .where(Session.id == Slot("id"))
    )
)


def standing(session_id: UUID) -> Standing | None:
    """How the session stands, with its user; one query."""
    row = _STANDING.row(id=session_id)
    return Standing(*row) if row else None


def by_id(session_id: UUID) -> Session | None:
    """The session, also an ended one."""
    return Session.get_or_none(Session.id == session_id)


def lock(session_id: UUID) -> Session | None:
    """The session, held against other refreshes and revocations until the transaction ends."""
    return Session.select().where(Session.id == session_id).for_update().get_or_none()


def page(user_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Session]:
    """At most `limit` living sessions of the user, the newest first, after the position `after`."""
    rows = Session.select().where(_living(user_id))
    if after is not None:
        rows = rows.where(peewee.Tuple(Session.create_time, Session.id) < peewee.Tuple(*after))
    return list(rows.order_by(Session.create_time.desc(), Session.id.desc()).limit(limit))


def revoke(user_id: UUID, session_id: UUID, cause: str) -> bool:
    """End one session of the user; False when the user has no such living session."""
    return bool(_revoke(_living(user_id) & (Session.id == session_id), cause))


def revoke_all(user_id: UUID, cause: str, *, keep: UUID | None = None) -> list[UUID]:
    """End all living sessions of the user, except `keep`; gives the ids of those that were ended."""
    condition = _living(user_id)
    return _revoke(condition if keep is None else condition & (Session.id != keep), cause)


def delete_of(user_id: UUID) -> None:
    """Forget all sessions of the user, with their addresses and devices."""
    Session.delete().where(Session.user == user_id).execute()


def delete_ended(before: datetime, limit: int) -> int:
    """Forget at most `limit` sessions that could not be refreshed any more at `before`."""
    return delete_some(Session, Session.expire_time < before, oldest=Session.expire_time, limit=limit)


def challenge(user_id: UUID, challenge_id: UUID) -> LoginChallenge | None:
    """The user's login that waits for its second step."""
    row = LoginChallenge
    return row.get_or_none((row.id == challenge_id) & (row.user == user_id))


def delete_challenges_of(user_id: UUID) -> None:
    """Let no login of the user wait any more."""
    LoginChallenge.delete().where(LoginChallenge.user == user_id).execute()


def delete_expired_challenges(limit: int) -> int:
    """Forget at most `limit` logins that waited too long."""
    row = LoginChallenge
    return delete_some(row, row.expire_time < clock.now(), oldest=row.expire_time, limit=limit)


def _living(user_id: UUID) -> Any:
    return (Session.user == user_id) & Session.revoke_time.is_null() & (Session.expire_time > clock.now())


def _revoke(condition: Any, cause: str) -> list[UUID]:
    ended = Session.update(revoke_time=clock.now(), revoke_cause=cause).where(condition)
    return [row.id for row in ended.returning(Session.id).execute()]
