"""The keys that sign access tokens (Ed25519), and their rotation without a gap.

Keys stand in the database, the private halves sealed. A key is published a day before it signs and stays published
until an hour after the next one took over, so nobody who reads the key set now and then meets a token it cannot check.
Every process holds the keys for a minute; a token that names a key it does not hold makes it look again, but not
more often than every second, since anybody can write a name into a token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.utils import base64url_encode

from server.accounts.conf import AccountsSettings
from server.accounts.models import SigningKey
from server.accounts.queries import signing_keys
from server.core import clock, config, crypto

_AHEAD: Final = timedelta(days=1)
_BEHIND: Final = timedelta(hours=1)
_HOLD: Final = timedelta(minutes=1)
_LOOK_AGAIN: Final = timedelta(seconds=1)
_PURPOSE: Final = "signing_key"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and its name in the header of tokens."""

    kid: str
    private_key: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class _Held:
    """What this process read at `read_time`, the newest key first. Never changed, only replaced."""

    rows: Sequence[SigningKey]
    public_keys: dict[str, Ed25519PublicKey]
    read_time: datetime


_held: _Held | None = None
_signer: Signer | None = None


def signer() -> Signer:
    """The key that signs now; the first one of an installation is made on demand."""
    global _signer
    row = _signing(_keys(_HOLD).rows)
    if row is None:
        return _first()
    if _signer is None or _signer.kid != row.kid:
        _signer = _opened(row)
    return _signer


def public_key(kid: str) -> Ed25519PublicKey | None:
    """The key of this name, if tokens that name it are still to be believed."""
    found = _keys(_HOLD).public_keys.get(kid)
    return found or _keys(_LOOK_AGAIN).public_keys.get(kid)


def published() -> list[SigningKey]:
    """All keys by which a token may have to be checked, the one that signs now first."""
    rows = signing_keys.newest_first()
    current = _signing(rows)
    return sorted(rows, key=lambda row: row is not current)


def rotate_if_due() -> bool:
    """Publish the next key in time and drop those that are not needed any more; whether there is a new key.

    For the scheduler, inside a transaction, at least every few hours. Late calls only make the present key sign longer.
    """
    signing_keys.take_turn()
    rows = signing_keys.newest_first()
    now = clock.now()
    signing_keys.delete(_retired(rows, now))
    period = timedelta(days=config.read(AccountsSettings).signing_key_days)
    if rows and rows[0].activate_time > now + _AHEAD - period:
        return False
    _make(now + _AHEAD if rows else now)
    return True


def forget() -> None:
    """Read the keys anew at next use. For tests, whose databases come and go."""
    global _held
    _held = None


def _keys(at_most_old: timedelta) -> _Held:
    global _held
    held, now = _held, clock.now()
    if held is None or abs(now - held.read_time) >= at_most_old:
        rows = signing_keys.newest_first()
        public = {row.kid: Ed25519PublicKey.from_public_bytes(bytes(row.public_key)) for row in rows}
        held = _Held(rows, public, now)
        # That there is no key is not held: the first one is not published ahead, and its first token must be believed.
        _held = held if rows else None
    return held


def _signing(rows: Sequence[SigningKey]) -> SigningKey | None:
    now = clock.now()
    return next((row for row in rows if row.activate_time <= now), None)


def _retired(rows: Sequence[SigningKey], now: datetime) -> list[str]:
    """The names of keys whose last token expired long ago: they stopped signing when the next newer one began."""
    return [old.kid for newer, old in pairwise(rows) if newer.activate_time < now - _BEHIND]


def _first() -> Signer:
    """Make the first key, or take the one that another process made meanwhile.

    It is not held: if the present transaction fails, the key was never there.
    """
    signing_keys.take_turn()
    return _opened(_signing(signing_keys.newest_first()) or _make(clock.now()))


def _make(activate_time: datetime) -> SigningKey:
    private_key = Ed25519PrivateKey.generate()
    public = private_key.public_key().public_bytes_raw()
    kid = _thumbprint(public)
    sealed = crypto.ring().seal(_PURPOSE, private_key.private_bytes_raw(), bound_to=kid.encode())
    return SigningKey.create(kid=kid, public_key=public, private_key=sealed, activate_time=activate_time)


def _opened(row: SigningKey) -> Signer:
    raw = crypto.ring().open(_PURPOSE, bytes(row.private_key), bound_to=row.kid.encode())
    return Signer(row.kid, Ed25519PrivateKey.from_private_bytes(raw))


def _thumbprint(public: bytes) -> str:
    """The name of a key, made of the key itself (RFC 7638, RFC 8037 appendix A.3)."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url_encode(public).decode()}"}}'
    return base64url_encode(sha256(jwk.encode()).digest()).decode()
