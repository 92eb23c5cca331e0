"""API keys as text: how they look, how a damaged one is told without a query, and what is stored of them.

    udk_4fKq9ZrT2mXw7LbVn0cHs5PdJy8GaE3u1kWQxR
    prefix, 32 random characters of base62 (190 bits), CRC-32 of all before it in 6 characters of base62

The prefix and the checksum let secret scanners find a leaked key and be sure of it without asking the server.
"""

import secrets
import string
import zlib
from typing import Final

from server.core import crypto

_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM: Final = 32
_CHECKSUM: Final = 6
_HINT: Final = 8
_PURPOSE: Final = "api_key"


def generate(prefix: str) -> str:
    """A new API key that starts with `prefix`, such as `udk_`."""
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_wellformed(prefix: str, key: str) -> bool:
    """Whether `key` was made by `generate` for `prefix`, going by its looks alone."""
    if len(key) != len(prefix) + _RANDOM + _CHECKSUM or not key.isascii() or not key.startswith(prefix):
        return False
    return key[-_CHECKSUM:] == _checksum(key[:-_CHECKSUM])


def hint(key: str) -> str:
    """The first characters of `key`, which its owner may see later to tell keys apart."""
    return key[:_HINT]


def digest(key: str) -> bytes:
    """What is stored of `key`: its HMAC-SHA256 under the current server key."""
    return crypto.ring().mac(_PURPOSE, key.encode())


def digests(key: str) -> list[bytes]:
    """What may be stored of `key`: its HMAC under every server key of the ring."""
    return crypto.ring().macs(_PURPOSE, key.encode())


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
