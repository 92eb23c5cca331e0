"""Single-use tokens that travel by e-mail: derived from a row, never stored.

A token is the ids of its row, the row's version and a MAC over both. Whoever holds the key ring can make it again,
so the job that mails it carries only ids, and the database holds nothing that would open an account. Raising the
row's version makes all earlier tokens worthless; the row itself remembers whether the token was used and till when
it holds.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from server.core import crypto

_MAC_BYTES: Final = 20
_ID_BYTES: Final = 16
_VERSION_BYTES: Final = 4


@dataclass(frozen=True)
class Token:
    """What a token says: the ids that lead to its row, and the row's version when it was made."""

    ids: tuple[UUID, ...]
    version: int


def mint(purpose: str, *row: UUID, version: int) -> str:
    """The token of the row that `row` leads to, characters safe in a URL (54 for one id, 75 for two)."""
    body = b"".join(part.bytes for part in row) + version.to_bytes(_VERSION_BYTES)
    mac = crypto.ring().mac(f"token:{purpose}", body)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(body + mac).decode().rstrip("=")


def read(purpose: str, text: str) -> Token | None:
    """What a token made by `mint` for the same purpose says; None when it is not one."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(body) < _ID_BYTES + _VERSION_BYTES or not crypto.ring().verifies(f"token:{purpose}", body, mac):
        return None
    row, version = body[:-_VERSION_BYTES], body[-_VERSION_BYTES:]
    ids = tuple(UUID(bytes=row[start : start + _ID_BYTES]) for start in range(0, len(row), _ID_BYTES))
    return Token(ids, int.from_bytes(version))
