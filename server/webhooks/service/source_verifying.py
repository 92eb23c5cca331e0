"""Is what came to a source from its sender? One function for each scheme, over the body as it came.

Sources: Standard Webhooks 1.0; docs.github.com, "Validating webhook deliveries"; docs.stripe.com, "Verify webhook
signatures manually"; docs.slack.dev, "Verifying requests from Slack"; shopify.dev, "Deliver webhooks through HTTPS";
RFC 7617. Signatures are compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from server.webhooks.source_settings import SourceSettings

#: How far a signed timestamp may be from the present moment, where a scheme has one.
TOLERANCE: Final = timedelta(minutes=5)

MISSING: Final = "SIGNATURE_MISSING"
WRONG: Final = "SIGNATURE_WRONG"
STALE: Final = "TIMESTAMP_OUT_OF_RANGE"

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how secrets begin
_Headers = Mapping[str, str]
_HASHES: Final = {"SHA256": "sha256", "SHA512": "sha512", "SHA1": "sha1"}


def fault(kind: str, settings: SourceSettings, headers: _Headers, body: bytes, now: datetime) -> str:
    """What is wrong with the signature of `body`; nothing when it holds. Names of `headers` are in lower case."""
    return _SCHEMES[kind](settings, headers, body, now)


def key_of(secret: str) -> bytes:
    """The raw key of a Standard Webhooks secret. Raises ValueError when it is not one."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError("no prefix")
    return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)


def _standard(settings: SourceSettings, headers: _Headers, body: bytes, now: datetime) -> str:
    names = next((p for p in ("webhook", "svix") if f"{p}-signature" in headers), "webhook")
    delivery, time, sent = (headers.get(f"{names}-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (delivery and time and sent):
        return MISSING
    signed = f"{delivery}.{time}.".encode() + body
    expected = f"v1,{_base64(hmac.digest(key_of(settings.secret), signed, 'sha256'))}"
    return _judge([_equal(each, expected) for each in sent.split(" ")], time, now)


def _github(settings: SourceSettings, headers: _Headers, body: bytes, _now: datetime) -> str:
    expected = "sha256=" + _mac(settings, body).hex()
    return _compared(headers.get("x-hub-signature-256", ""), expected)


def _stripe(settings: SourceSettings, headers: _Headers, body: bytes, now: datetime) -> str:
    pairs = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    sent = [value for name, _, value in pairs if name == "v1"]
    if not times or not sent:
        return MISSING
    expected = _mac(settings, times[0].encode() + b"." + body).hex()
    return _judge([_equal(each, expected) for each in sent], times[0], now)


def _slack(settings: SourceSettings, headers: _Headers, body: bytes, now: datetime) -> str:
    time, sent = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (time and sent):
        return MISSING
    expected = "v0=" + _mac(settings, b"v0:" + time.encode() + b":" + body).hex()
    return _judge([_equal(sent, expected)], time, now)


def _shopify(settings: SourceSettings, headers: _Headers, body: bytes, _now: datetime) -> str:
    return _compared(headers.get("x-shopify-hmac-sha256", ""), _base64(_mac(settings, body)))


def _hmac(settings: SourceSettings, headers: _Headers, body: bytes, _now: datetime) -> str:
    mac = hmac.digest(settings.secret.encode(), body, _HASHES[settings.algorithm])
    sent = headers.get(settings.header.lower(), "")
    if settings.encoding == "HEX":
        return _compared(sent.lower(), (settings.prefix + mac.hex()).lower())
    return _compared(sent, settings.prefix + _base64(mac))


def _basic(settings: SourceSettings, headers: _Headers, _body: bytes, _now: datetime) -> str:
    scheme, _, sent = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return MISSING
    try:
        given = base64.b64decode(sent.strip(), validate=True)
    except (binascii.Error, ValueError):
        return WRONG
    return "" if hmac.compare_digest(_hash(given), _hash(f"{settings.username}:{settings.secret}".encode())) else WRONG


def _api_key(settings: SourceSettings, headers: _Headers, _body: bytes, _now: datetime) -> str:
    sent = headers.get(settings.header.lower(), "")
    if not sent:
        return MISSING
    return "" if hmac.compare_digest(_hash(sent.encode()), _hash(settings.secret.encode())) else WRONG


_SCHEMES: Final[dict[str, Callable[[SourceSettings, _Headers, bytes, datetime], str]]] = {
    "STANDARD_WEBHOOKS": _standard,
    "GITHUB": _github,
    "STRIPE": _stripe,
    "SLACK": _slack,
    "SHOPIFY": _shopify,
    "HMAC": _hmac,
    "BASIC": _basic,
    "API_KEY": _api_key,
}


def _judge(matches: list[bool], time: str, now: datetime) -> str:
    """What a list of compared signatures and a signed timestamp come to."""
    if not any(matches):
        return WRONG
    try:
        distance = abs(now.timestamp() - int(time))
    except ValueError:
        return STALE
    return "" if distance <= TOLERANCE.total_seconds() else STALE


def _compared(sent: str, expected: str) -> str:
    if not sent:
        return MISSING
    return "" if _equal(sent, expected) else WRONG


def _equal(sent: str, expected: str) -> bool:
    # As bytes: text that is not ASCII cannot be compared in constant time.
    return hmac.compare_digest(sent.encode(), expected.encode())


def _hash(value: bytes) -> bytes:
    """Of one length, so that comparing tells nothing of a secret's."""
    return hashlib.sha256(value).digest()


def _mac(settings: SourceSettings, signed: bytes) -> bytes:
    return hmac.digest(settings.secret.encode(), signed, "sha256")


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
