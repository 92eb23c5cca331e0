"""Keyset paging (AIP-158): a page starts after the last row of the one before, so page 10,000 costs what page 1 does.

A page token holds the position of the last row, bound by a MAC to the method and to every other argument of the
list. Clients cannot build one, and one taken from another list is refused.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from server.core import crypto
from server.core.errors import FieldViolation, InvalidArgument

DEFAULT_SIZE: Final = 50
MAXIMUM_SIZE: Final = 1000
_MAC_BYTES: Final = 16

Row = TypeVar("Row")


class PageTokenInvalid(InvalidArgument):
    """The page token is damaged, or belongs to a list with other arguments."""

    reason = "PAGE_TOKEN_INVALID"
    message = "The page token does not belong to this list. Start again without a page token."


class OrderByInvalid(InvalidArgument):
    """The order cannot be read or names a field that cannot be ordered by."""

    reason = "ORDER_BY_INVALID"


@dataclass(frozen=True)
class Page:
    """Which rows to read: at most `size`, after the position `after` (None at the start)."""

    size: int
    after: list[Any] | None
    _binding: bytes

    @property
    def limit(self) -> int:
        """One row more than the page holds, to know whether another page follows."""
        return self.size + 1

    def token(self, position: Sequence[Any]) -> str:
        """The page token of the page that starts after `position`, values that JSON can hold."""
        body = json.dumps(list(position), separators=(",", ":")).encode()
        mac = crypto.ring().mac("page", self._binding + body)[:_MAC_BYTES]
        return base64.urlsafe_b64encode(mac + body).decode().rstrip("=")

    def cut(self, rows: list[Row], position: Any) -> tuple[list[Row], str]:
        """The rows of this page, and the token of the next one ("" at the end).

        `rows` are at most `limit` rows, `position(row)` gives a row's position in the list.
        """
        if len(rows) <= self.size:
            return rows, ""
        page = rows[: self.size]
        return page, self.token(position(page[-1]))


def page_of(request: Message, *, scope: str = "") -> Page:
    """The page that a List request asks for.

    `scope` binds the token to what the request does not say, such as the caller. Raises InvalidArgument when
    page_size is negative, PageTokenInvalid when page_token was not made for these arguments.
    """
    size: int = request.page_size  # type: ignore[attr-defined]
    token: str = request.page_token  # type: ignore[attr-defined]
    if size < 0:
        raise InvalidArgument(violations=[FieldViolation("page_size", "must not be negative")])
    binding = _binding(request, scope)
    after = _position(token, binding) if token else None
    return Page(min(size or DEFAULT_SIZE, MAXIMUM_SIZE), after, binding)


def descending(order_by: str, field: str, *, default: bool) -> bool:
    """Whether a list that can only be ordered by `field` runs downwards; `default` when nothing is asked for.

    Raises OrderByInvalid (AIP-132 gives the syntax: a field, then `desc` or nothing).
    """
    match order_by.split():
        case []:
            return default
        case [name] if name == field:
            return False
        case [name, "desc"] if name == field:
            return True
    raise OrderByInvalid(f"The list cannot be ordered by {{field}}. Use {field} or {field} desc.", field=order_by[:40])


def _binding(request: Message, scope: str) -> bytes:
    rest = type(request)()
    rest.CopyFrom(request)
    rest.ClearField("page_size")
    rest.ClearField("page_token")
    name = request.DESCRIPTOR.full_name
    return sha256(f"{name}\n{scope}\n".encode() + rest.SerializeToString(deterministic=True)).digest()


def _position(token: str, binding: bytes) -> list[Any]:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not crypto.ring().verifies("page", binding + body, mac):
        raise PageTokenInvalid
    position: list[Any] = json.loads(body)
    return position
