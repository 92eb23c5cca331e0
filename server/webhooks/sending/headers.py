"""Headers of requests: what customers may set."""

import re
from collections.abc import Mapping
from typing import Final

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
