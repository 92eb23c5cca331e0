"""Reading and changing accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.accounts.models import User
from server.core import clock
from server.core.db import Prepared, Slot

#: Holds a row against other changes; rows that refer to it can still be inserted. (Peewee's stubs know only the
#: plain lock.)
FOR_CHANGE: Final[Any] = "FOR NO KEY UPDATE"


class Profile(NamedTuple):
    """What the contract shows of an account, under the names of the columns."""

    id: UUID
    email: str | None
    email_verified: bool
    display_name: str
    avatar_url: str
    locale: str
    time_zone: str
    labels: dict[str, str]
    revision: int
    create_time: datetime
    update_time: datetime
    lock_time: datetime | None
    delete_time: datetime | None
    purge_time: datetime | None


class Summary(NamedTuple):
    """Who a user is, for other people."""

    id: UUID
    email: str | None
    display_name: str
    avatar_url: str


_PROFILE: Final = Prepared(
    lambda: User.select(*(getattr(User, name) for name in Profile._fields)).where(User.id == Slot("id"))
)


def profile(user_id: UUID) -> Profile | None:
    """What is shown of the account `user_id`."""
    row = _PROFILE.row(id=user_id)
    return Profile(*row) if row else None


def by_id(user_id: UUID) -> User | None:
    """The account `user_id`, also a deleted or purged one."""
    return User.get_or_none(User.id == user_id)


def by_email(email_key: str) -> User | None:
    """The account with this e-mail, given as `emails.key` makes it."""
    return User.get_or_none(User.email_key == email_key)


def lock(user_id: UUID) -> User | None:
    """The account `user_id`, held against other changes until the transaction ends."""
    return User.select().where(User.id == user_id).for_update(FOR_CHANGE).get_or_none()


def insert(user: User) -> bool:
    """Add `user`; False when its e-mail is taken. Waits for a call in flight that takes the same e-mail."""
    added = User.insert(user.__data__).on_conflict_ignore().returning(User.id)
    return bool(list(added.execute()))


def is_living() -> Any:
    """The condition of accounts that are not deleted."""
    return User.delete_time.is_null()


def is_deleted() -> Any:
    """The condition of accounts that are deleted, purged ones too."""
    return User.delete_time.is_null(is_null=False)


def is_locked() -> Any:
    """The condition of accounts that are locked and not deleted."""
    return User.lock_time.is_null(is_null=False) & is_living()


def is_active() -> Any:
    """The condition of accounts whose holders may sign in."""
    return User.lock_time.is_null() & is_living()


def has_email(email_key: str) -> Any:
    """The condition of the account with this e-mail, given as `emails.key` makes it."""
    return User.email_key == email_key


def page(conditions: Sequence[Any], *, descending: bool, after: tuple[datetime, UUID] | None, limit: int) -> list[User]:
    """At most `limit` accounts that meet all `conditions`, by time of creation, after the position `after`."""
    position = (User.create_time, User.id)
    if after is not None:
        here, there = peewee.Tuple(*position), peewee.Tuple(*after)
        conditions = [*conditions, here < there if descending else here > there]
    rows = User.select().where(*conditions) if conditions else User.select()
    order = [column.desc() if descending else column.asc() for column in position]
    return list(rows.order_by(*order).limit(limit))


def hold_due(limit: int) -> list[User]:
    """At most `limit` accounts whose personal data is to go by now, held; those that others hold are passed over."""
    due = User.email.is_null(is_null=False) & (User.purge_time <= clock.now())
    rows = User.select().where(due).order_by(User.purge_time).limit(limit)
    return list(rows.for_update(FOR_CHANGE, skip_locked=True))
