"""Signatures of Standard Webhooks 1.0, and the secrets behind them.

What is signed is `id.timestamp.body`. HMAC-SHA256 gives `v1,` and Ed25519 `v1a,` with base64 behind; during a rotation
each secret signs, and the signatures stand in one header with spaces between.
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HMAC_SHA256: Final = "HMAC_SHA256"
ED25519: Final = "ED25519"

_SYMMETRIC: Final = "whsec_"
_PRIVATE: Final = "whsk_"
_PUBLIC: Final = "whpk_"
_SECRET_BYTES: Final = range(24, 65)
_NEW_SECRET_BYTES: Final = 32
_SEED_BYTES: Final = 32

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TIMESTAMP: Final = re.compile(r"[1-9][0-9]{8,11}")
_SIGNATURE: Final = re.compile(r"v1,[A-Za-z0-9+/]{43}=|v1a,[A-Za-z0-9+/]{86}==")

Sign = Callable[[bytes], str]


class SecretMalformed(ValueError):
    """The text is no secret of this kind. The message says what to write."""


def new_secret(signature: str) -> bytes:
    """A fresh raw key of 32 bytes for `signature` (HMAC_SHA256 or ED25519)."""
    return secrets.token_bytes(_NEW_SECRET_BYTES if signature == HMAC_SHA256 else _SEED_BYTES)


def parse_secret(signature: str, text: str) -> bytes:
    """The raw key of `text`: whsec_ and 24–64 bytes, or whsk_ and a seed of 32 (or seed and public key, 64).

    Raises SecretMalformed.
    """
    if signature == HMAC_SHA256:
        key = _decoded(text, _SYMMETRIC)
        if len(key) not in _SECRET_BYTES:
            raise SecretMalformed("Write whsec_ and the base64 of 24 to 64 bytes.")
        return key
    key = _decoded(text, _PRIVATE)
    if len(key) == _SEED_BYTES or (
        len(key) == 2 * _SEED_BYTES and _public_bytes(key[:_SEED_BYTES]) == key[_SEED_BYTES:]
    ):
        return key[:_SEED_BYTES]
    raise SecretMalformed("Write whsk_ and the base64 of an Ed25519 seed of 32 bytes.")


def format_secret(signature: str, key: bytes) -> str:
    """The text of a raw key: whsec_… for HMAC_SHA256, whsk_… (seed and public key) for ED25519."""
    if signature == HMAC_SHA256:
        return _SYMMETRIC + base64.b64encode(key).decode()
    return _PRIVATE + base64.b64encode(key[:_SEED_BYTES] + _public_bytes(key)).decode()


def public_key(key: bytes) -> str:
    """The whpk_… text with which receivers verify what the Ed25519 `key` signs."""
    return _PUBLIC + base64.b64encode(_public_bytes(key)).decode()


def signer(signature: str, key: bytes) -> Sign:
    """Signs messages with `key`, prepared once: returns the signature as it stands in the header."""
    if signature == HMAC_SHA256:
        begun = hmac.new(key, digestmod="sha256")

        def sign_hmac(message: bytes) -> str:
            mac = begun.copy()
            mac.update(message)
            return "v1," + binascii.b2a_base64(mac.digest(), newline=False).decode("ascii")

        return sign_hmac
    private = Ed25519PrivateKey.from_private_bytes(key[:_SEED_BYTES])
    return lambda message: "v1a," + base64.b64encode(private.sign(message)).decode("ascii")


def sign(signers: Sequence[Sign], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; `timestamp` is in seconds since 1970."""
    message = b"%b.%d.%b" % (message_id.encode("ascii"), timestamp, body)
    return " ".join([sign_one(message) for sign_one in signers])


def verify(signature: str, keys: Sequence[bytes], message_id: str, timestamp: str, header: str, body: bytes) -> bool:
    """Whether one of `header`'s signatures was made by one of `keys` (private for HMAC, public for ED25519).

    Says nothing about the age of `timestamp`. Takes the strict grammar alone; constant time.
    """
    if not well_formed(message_id, timestamp, header):
        return False
    message = b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)
    found = False
    for text in header.split(" "):
        version, _, encoded = text.partition(",")
        given = base64.b64decode(encoded)
        for key in keys:
            if signature == HMAC_SHA256 and version == "v1":
                found |= hmac.compare_digest(hmac.digest(key, message, "sha256"), given)
            elif signature == ED25519 and version == "v1a":
                found |= _holds(key, given, message)
    return found


def well_formed(message_id: str, timestamp: str, header: str) -> bool:
    """Whether the three headers follow the grammar: an id without dots, whole seconds, single spaces, exact base64."""
    return (
        _ID.fullmatch(message_id) is not None
        and _TIMESTAMP.fullmatch(timestamp) is not None
        and all(_SIGNATURE.fullmatch(part) for part in header.split(" "))
    )


def _holds(key: bytes, given: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(given, message)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str, prefix: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True) if text.startswith(prefix) else b""
    except (binascii.Error, ValueError):
        return b""


def _public_bytes(key: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(key[:_SEED_BYTES]).public_key().public_bytes_raw()
