"""Counting failed guesses and asked-for mails. Who they are about stands here only as keyed hashes."""

from datetime import datetime, timedelta
from typing import Final

from peewee import EXCLUDED

from server.accounts.models import LoginFailure, MailThrottle
from server.core import clock
from server.core.batches import delete_some
from server.core.db import Prepared, Slot, db

_SERIALISE: Final = "SELECT pg_advisory_xact_lock(%s)"
_TIMES: Final = Prepared(
    lambda: LoginFailure.select(LoginFailure.times).where(
        (LoginFailure.account_hash == Slot("account")) & (LoginFailure.address_hash == Slot("address"))
    )
)


def take_turn(subject: bytes) -> None:
    """Wait until no other transaction is at `subject`, and keep the turn until this one ends."""
    db.execute_sql(_SERIALISE, (int.from_bytes(subject[:8], signed=True),))


def failures(account: bytes, address: bytes) -> list[datetime]:
    """When guesses failed lately, the oldest first."""
    row = _TIMES.row(account=account, address=address)
    return row[0] if row else []


def keep_failures(account: bytes, address: bytes, times: list[datetime], expire_time: datetime) -> None:
    """Remember `times` until `expire_time`."""
    row = LoginFailure
    kept = row.insert(account_hash=account, address_hash=address, times=times, expire_time=expire_time)
    kept.on_conflict(
        conflict_target=[row.account_hash, row.address_hash],
        update={row.times: EXCLUDED.times, row.expire_time: EXCLUDED.expire_time},
    ).execute()


def forget_failures(account: bytes, address: bytes | None = None) -> None:
    """Forget what failed for `account`, from `address` or, without one, from everywhere."""
    row = LoginFailure
    condition = row.account_hash == account
    if address is not None:
        condition &= row.address_hash == address
    row.delete().where(condition).execute()


def delete_expired_failures(limit: int) -> int:
    """Drop at most `limit` counters that count nothing any more."""
    row = LoginFailure
    return delete_some(row, row.expire_time < clock.now(), oldest=row.expire_time, limit=limit)


def claim_mail(mailbox: bytes, pause: timedelta) -> datetime | None:
    """Note that mail is asked for now; or give when it was, if that is less than `pause` ago.

    Waits for a call in flight about the same mailbox, so of many at once one gets through.
    """
    row = MailThrottle
    now = clock.now()
    claimed = (
        row.insert(mailbox_hash=mailbox, send_time=now)
        .on_conflict(
            conflict_target=[row.mailbox_hash],
            update={row.send_time: EXCLUDED.send_time},
            where=row.send_time <= now - pause,
        )
        .returning(row.send_time)
        .execute()
    )
    if list(claimed):
        return None
    send_time: datetime = row.select(row.send_time).where(row.mailbox_hash == mailbox).scalar()
    return send_time


def delete_old_mail_claims(before: datetime, limit: int) -> int:
    """Drop at most `limit` notes about mail that was asked for before `before`."""
    row = MailThrottle
    return delete_some(row, row.send_time < before, oldest=row.send_time, limit=limit)
