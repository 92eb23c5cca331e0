"""What is kept of an answer's headers, and what they ask for."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from multidict import CIMultiDictProxy

_KEPT: Final = 48
_KEPT_VALUE: Final = 1024
_SECRET: Final = frozenset(
    {"set-cookie", "set-cookie2", "authorization", "proxy-authorization", "x-amz-security-token"}
)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


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
