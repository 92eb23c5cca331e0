"""Two-step login: time-based codes (RFC 6238, six digits, SHA-1, 30 seconds) and recovery codes.

The server's clock and the authenticator's may differ, so a code of the step before or after is taken too. A step whose
code was taken is never taken again, nor is any before it, so a code that was looked over is worthless.
"""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from google.protobuf.struct_pb2 import Value

from server.accounts import convert
from server.accounts.errors import (
    TotpAlreadyEnabled,
    TotpCodeInvalid,
    TotpLocked,
    TotpNotEnabled,
    TotpNotEnrolled,
)
from server.accounts.models import Totp
from server.accounts.queries import sessions as sessions_queries
from server.accounts.queries import totp, users
from server.accounts.service.guesses import Guesses
from server.core import clock, crypto, events
from server.core.errors import NotFound
from userdata.accounts.v1.account_events_pb2 import UserUpdated
from userdata.api.v1.change_pb2 import Change

ENROLMENT_LIFETIME: Final = timedelta(minutes=15)
STEP_SECONDS: Final = 30
_DIGITS: Final = 6
_SECRET_BYTES: Final = 20  # as many as SHA-1 gives out (RFC 4226 §4)
_ISSUER: Final = "Userdata"
_RECOVERY_CODES: Final = 10
_RECOVERY_HALF: Final = 5
_RECOVERY_ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"
_SEAL: Final = "totp"
_RECOVERY: Final = "recovery_code"


class State(NamedTuple):
    """How two-step login stands."""

    enable_time: datetime | None
    recovery_codes_left: int


class Enrolment(NamedTuple):
    """What an authenticator needs, to be confirmed until `expire_time`."""

    secret: str
    otpauth_uri: str
    expire_time: datetime


def state(user_id: UUID) -> State:
    """How the user's two-step login stands."""
    row = totp.of(user_id)
    return State(row.enable_time, totp.codes_left(user_id)) if row else State(None, 0)


def enrol(user_id: UUID) -> Enrolment:
    """Begin an enrolment; one that was begun before is dropped. Raises TotpAlreadyEnabled."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    expire_time = clock.now() + ENROLMENT_LIFETIME
    sealed = crypto.ring().seal(_SEAL, secret, bound_to=user_id.bytes)
    if not totp.enrol(user_id, sealed, expire_time):
        raise TotpAlreadyEnabled
    user = users.by_id(user_id)
    if user is None or user.email is None:
        raise NotFound
    uri = _generator(secret).get_provisioning_uri(user.email, _ISSUER)
    return Enrolment(base64.b32encode(secret).decode(), uri, expire_time)


def confirm(user_id: UUID, code: str) -> list[str]:
    """Turn two-step login on; gives the recovery codes. Raises TotpAlreadyEnabled, TotpNotEnrolled, TotpCodeInvalid."""
    _hold(user_id)
    row = totp.of(user_id)
    if row is not None and row.enable_time is not None:
        raise TotpAlreadyEnabled
    if row is None or row.expire_time is None or row.expire_time <= clock.now():
        raise TotpNotEnrolled
    if not _takes_code(row, code):
        raise TotpCodeInvalid
    totp.enable(user_id)
    _publish(user_id, enabled=True)
    return _new_recovery_codes(user_id)


def disable(user_id: UUID, code: str) -> None:
    """Turn two-step login off and forget the secret. Raises TotpNotEnabled, TotpCodeInvalid or TotpLocked."""
    _hold(user_id)
    _require_enabled(user_id)
    # A stolen session must not get to try all codes.
    guesses = Guesses(f"totp {user_id}", "")
    wait = guesses.closed_for()
    if wait is not None:
        raise TotpLocked(wait)
    if not accepts(user_id, code):
        guesses.count_failure()
        raise TotpCodeInvalid
    guesses.forget()
    totp.delete(user_id)
    sessions_queries.delete_challenges_of(user_id)
    _publish(user_id, enabled=False)


def regenerate(user_id: UUID) -> list[str]:
    """New recovery codes in place of the old ones. Raises TotpNotEnabled."""
    _hold(user_id)
    _require_enabled(user_id)
    return _new_recovery_codes(user_id)


def accepts(user_id: UUID, code: str) -> bool:
    """Whether `code` is one the user's authenticator shows, or a recovery code; then it is used up."""
    row = totp.of(user_id)
    if row is None or row.enable_time is None:
        return False
    if len(code) == _DIGITS and code.isascii() and code.isdigit():
        return _takes_code(row, code)
    return totp.take_code(user_id, crypto.ring().macs(_RECOVERY, _recovery_data(user_id, code)))


def _takes_code(row: Totp, code: str) -> bool:
    generator = _generator(crypto.ring().open(_SEAL, bytes(row.secret), bound_to=row.user.bytes))
    now = int(clock.now().timestamp()) // STEP_SECONDS
    steps = [
        step
        for step in (now - 1, now, now + 1)
        if hmac.compare_digest(generator.generate(step * STEP_SECONDS), code.encode())
    ]
    # Two steps can share a code; the earliest that is not used up counts.
    return any(totp.take_step(row.user, step) for step in steps)


def _generator(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what every authenticator speaks; safe in HMAC


def _new_recovery_codes(user_id: UUID) -> list[str]:
    halves = ["".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_HALF)) for _ in range(20)]
    codes = [f"{first}-{second}" for first, second in zip(halves[::2], halves[1::2], strict=True)]
    ring = crypto.ring()
    totp.replace_codes(user_id, [ring.mac(_RECOVERY, _recovery_data(user_id, code)) for code in codes])
    return codes


def _recovery_data(user_id: UUID, code: str) -> bytes:
    """What is hashed of a recovery code: as people retype it, with or without the hyphen, in any case."""
    return user_id.bytes + "".join(c for c in code.lower() if c.isalnum()).encode()


def _hold(user_id: UUID) -> None:
    """Let changes of one user's two-step login take turns."""
    if users.lock(user_id) is None:
        raise NotFound


def _require_enabled(user_id: UUID) -> None:
    if not totp.is_enabled(user_id):
        raise TotpNotEnabled


def _publish(user_id: UUID, *, enabled: bool) -> None:
    row = users.profile(user_id)
    if row is None:
        raise NotFound
    user = convert.user(row)
    change = Change(before=Value(bool_value=not enabled), after=Value(bool_value=enabled))
    events.publish("user.updated", UserUpdated(user=user, changes={"totp_enabled": change}), subject=user.id)
