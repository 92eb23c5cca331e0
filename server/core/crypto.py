"""The key ring: sealing of secrets at rest, keyed hashes, signatures over tokens.

Every use derives its own key from the ring's entry with HKDF (RFC 5869), so a value sealed for one purpose cannot
be opened for another. The first entry of SECRET_KEYS makes new values; older entries still open what they made.
"""

import hmac
import os
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from server.core import config

_NONCE_BYTES: Final = 12


class SealBroken(Exception):
    """The sealed value was changed, or was made under a key that is no longer in SECRET_KEYS."""


class KeyRing:
    """Keys by id, the current one first."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs a key")
        self._keys = keys
        self._current = next(iter(keys))
        self._derived: dict[tuple[str, str], bytes] = {}

    def _key(self, name: str, purpose: str) -> bytes:
        key = self._derived.get((name, purpose))
        if key is None:
            key = HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(self._keys[name])
            self._derived[name, purpose] = key
        return key

    def seal(self, purpose: str, plain: bytes, *, bound_to: bytes = b"") -> bytes:
        """`plain` encrypted with AES-256-GCM; opens only for the same purpose and `bound_to`."""
        name = self._current.encode()
        nonce = os.urandom(_NONCE_BYTES)
        body = AESGCM(self._key(self._current, purpose)).encrypt(nonce, plain, bound_to)
        return bytes([len(name)]) + name + nonce + body

    def open(self, purpose: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
        """What `seal` was given. Raises SealBroken."""
        end = 1 + sealed[0] if sealed else 0
        name = sealed[1:end].decode("ascii", "replace")
        if name not in self._keys:
            raise SealBroken("the value was sealed under a key that is not in SECRET_KEYS")
        nonce, body = sealed[end : end + _NONCE_BYTES], sealed[end + _NONCE_BYTES :]
        try:
            return AESGCM(self._key(name, purpose)).decrypt(nonce, body, bound_to)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the sealed value was changed") from error

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA256 of `data`, 32 bytes, under the current key."""
        return hmac.digest(self._key(self._current, purpose), data, "sha256")

    def macs(self, purpose: str, data: bytes) -> list[bytes]:
        """The HMAC of `data` under every key, the current one first: what a stored hash may be equal to."""
        return [hmac.digest(self._key(name, purpose), data, "sha256") for name in self._keys]

    def verifies(self, purpose: str, data: bytes, mac: bytes) -> bool:
        """Whether `mac`, possibly shortened by its maker, is the HMAC of `data` under any key. Constant time."""
        matches = [hmac.compare_digest(full[: len(mac)], mac) for full in self.macs(purpose, data)]
        return len(mac) >= 16 and any(matches)  # noqa: PLR2004 - 128 bits are the shortest tag anything here makes


@cache
def ring() -> KeyRing:
    """The key ring of this installation."""
    return KeyRing(config.parse_keys(config.read(config.Core).secret_keys.get_secret_value()))
