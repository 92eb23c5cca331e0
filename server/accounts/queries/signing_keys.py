"""Reading and changing the keys that sign access tokens."""

from collections.abc import Iterable
from typing import Final

from server.accounts.models import SigningKey
from server.core.db import db

#: An arbitrary constant: of many processes that find a key missing, one makes it.
_TURN: Final = 0x7369676E


def newest_first() -> list[SigningKey]:
    """All keys, in the reverse order of their activation. There are two or three."""
    return list(SigningKey.select().order_by(SigningKey.activate_time.desc()))


def take_turn() -> None:
    """Wait until no other transaction makes a key, and keep the turn until this one ends."""
    db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_TURN,))


def delete(kids: Iterable[str]) -> None:
    """Forget these keys."""
    SigningKey.delete().where(SigningKey.kid.in_(list(kids))).execute()
