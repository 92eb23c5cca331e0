"""Refresh tokens: derived from their session's row, never stored.

    udr_ base64url( version, 1 byte | session id, 16 bytes | counter, 4 bytes | HMAC-SHA256 over these, 32 bytes )

The row holds the counter of the newest token. A token that verifies and whose counter lies behind was used before,
which tells reuse from garbage without keeping a single old token.
"""

import base64
import binascii
import struct
from typing import Final, NamedTuple
from uuid import UUID

from server.core import crypto

PREFIX: Final = "udr_"
_VERSION: Final = 1
_BODY: Final = struct.Struct(">B16sI")
_MAC_BYTES: Final = 32
_PURPOSE: Final = "refresh_token"


class RefreshToken(NamedTuple):
    """What a refresh token says."""

    session_id: UUID
    counter: int


def mint(session_id: UUID, counter: int) -> str:
    """The refresh token number `counter` of a session; the same whenever it is made under the same key."""
    body = _BODY.pack(_VERSION, session_id.bytes, counter)
    return PREFIX + base64.urlsafe_b64encode(body + crypto.ring().mac(_PURPOSE, body)).decode().rstrip("=")


def read(text: str) -> RefreshToken | None:
    """What `text` says when `mint` made it; None when not."""
    encoded = text.removeprefix(PREFIX)
    if encoded == text:
        return None
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if len(mac) != _MAC_BYTES or not crypto.ring().verifies(_PURPOSE, body, mac):
        return None
    version, session_id, counter = _BODY.unpack(body)
    return RefreshToken(UUID(bytes=session_id), counter) if version == _VERSION else None
