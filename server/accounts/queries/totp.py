"""Reading and changing authenticators and recovery codes."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from peewee import EXCLUDED

from server.accounts.models import RecoveryCode, Totp
from server.core import clock
from server.core.batches import delete_some


def of(user_id: UUID) -> Totp | None:
    """The user's authenticator, confirmed or not."""
    return Totp.get_or_none(Totp.user == user_id)


def is_enabled(user_id: UUID) -> bool:
    """Whether the user's login asks for a code."""
    return Totp.select().where((Totp.user == user_id) & Totp.enable_time.is_null(is_null=False)).exists()


def enrol(user_id: UUID, secret: bytes, expire_time: datetime) -> bool:
    """Begin an enrolment in place of an older one; False when two-step login is on."""
    begun = (
        Totp.insert(user=user_id, secret=secret, expire_time=expire_time)
        .on_conflict(
            conflict_target=[Totp.user],
            update={
                Totp.secret: EXCLUDED.secret,
                Totp.expire_time: EXCLUDED.expire_time,
                Totp.last_step: EXCLUDED.last_step,
            },
            where=Totp.enable_time.is_null(),
        )
        .returning(Totp.user)
        .execute()
    )
    return bool(list(begun))


def enable(user_id: UUID) -> None:
    """Confirm the enrolment."""
    Totp.update(enable_time=clock.now(), expire_time=None).where(Totp.user == user_id).execute()


def take_step(user_id: UUID, step: int) -> bool:
    """Use up the code of time step `step`; False when it, or a later one, was used. Of many at once one gets True."""
    return bool(Totp.update(last_step=step).where((Totp.user == user_id) & (Totp.last_step < step)).execute())


def delete(user_id: UUID) -> None:
    """Forget the authenticator and the recovery codes."""
    Totp.delete().where(Totp.user == user_id).execute()
    RecoveryCode.delete().where(RecoveryCode.user == user_id).execute()


def replace_codes(user_id: UUID, hashes: Iterable[bytes]) -> None:
    """Make these the user's recovery codes."""
    RecoveryCode.delete().where(RecoveryCode.user == user_id).execute()
    RecoveryCode.insert_many([{"user": user_id, "code_hash": code} for code in hashes]).execute()


def take_code(user_id: UUID, hashes: Iterable[bytes]) -> bool:
    """Use up the recovery code with one of these hashes; False when there is none."""
    code = (RecoveryCode.user == user_id) & RecoveryCode.code_hash.in_(list(hashes))
    return bool(RecoveryCode.delete().where(code).execute())


def codes_left(user_id: UUID) -> int:
    """How many recovery codes are not used yet."""
    return RecoveryCode.select().where(RecoveryCode.user == user_id).count()


def delete_lapsed_enrolments(limit: int) -> int:
    """Forget at most `limit` enrolments that were not confirmed in time."""
    return delete_some(Totp, Totp.expire_time < clock.now(), oldest=Totp.expire_time, limit=limit)
