"""Headers of requests and answers: what customers may set, and what of an answer is kept."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from multidict import CIMultiDictProxy

MAX_HEADERS: Final = 32
MAX_VALUE: Final = 4096

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_FORBIDDEN: Final = frozenset(
    {
        "accept-encoding",
        "baggage",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "traceparent",
        "tracestate",
        "upgrade",
        "user-agent",
        "via",
    }
)
_FORBIDDEN_PREFIXES: Final = ("webhook-", "proxy-", "sec-", "access-control-", "x-forwarded-", "ce-")

_KEPT: Final = 48
_KEPT_VALUE: Final = 1024
_SECRET: Final = frozenset(
    {"set-cookie", "set-cookie2", "authorization", "proxy-authorization", "x-amz-security-token"}
)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class HeaderForbidden(ValueError):
    """A custom header that may not be set. `header` is its name."""

    def __init__(self, header: str) -> None:
        self.header = header
        super().__init__(f"The header {header} cannot be set.")


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise HeaderForbidden for a header that would change how requests are sent, or that is not well-formed."""
    seen = set()
    for number, (name, value) in enumerate(headers.items()):
        lower = name.lower()
        forbidden = lower in _FORBIDDEN or lower.startswith(_FORBIDDEN_PREFIXES) or lower in seen
        if forbidden or number >= MAX_HEADERS or not _NAME.fullmatch(name):
            raise HeaderForbidden(name[:128])
        if value and (len(value) > MAX_VALUE or not _VALUE.fullmatch(value)):
            raise HeaderForbidden(name)
        seen.add(lower)


def kept(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """What is recorded of an answer's headers: names in lower case, bounded in number and length, no cookies."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower in _SECRET:
            continue
        if len(found) == _KEPT and lower not in found:
            break
        clean = value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        found[lower] = (f"{found[lower]}, {clean}" if lower in found else clean)[:_KEPT_VALUE].replace("\0", "")
    return found


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header (RFC 9110 §10.2.3) asks to wait, in either form; None when it says nothing."""
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # HTTP dates are in UTC; the obsolete forms do not say so.
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0))
