"""Cursors: where a reader of a workspace's events is, in a form that says nothing and fits nowhere else.

A cursor is sealed and not only signed: positions count the events of all workspaces, which is nobody's business. It
is bound to its workspace. The time of the position tells in which partitions of the feed to look.
"""

import base64
import binascii
import struct
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import crypto
from server.core.crypto import SealBroken
from server.core.errors import InvalidArgument

#: What stands for the present moment in the place of a cursor.
LATEST: Final = "latest"
_PURPOSE: Final = "cursor"
_BODY: Final = struct.Struct(">QI")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CursorInvalid(InvalidArgument):
    """The cursor is damaged, or belongs to another workspace."""

    reason = "CURSOR_INVALID"
    message = "The cursor does not belong to this workspace. Start with `latest`, or with none for the oldest event."


class CursorExpired(InvalidArgument):
    """The cursor is so old that events after it may be past their retention already."""

    reason = "CURSOR_INVALID"
    message = "The cursor is older than the events that are kept. Start without a cursor, and expect a gap."


class Place(NamedTuple):
    """A place in the feed: all up to `position` has been seen, and `time` is when that was fed, to the second."""

    position: int
    time: datetime


#: Before the first event of all.
START: Final = Place(0, _EPOCH)


def mint(workspace_id: UUID, place: Place) -> str:
    """The cursor of `place`, about 60 characters that are safe in a URL and in a header."""
    body = _BODY.pack(place.position, int((place.time - _EPOCH).total_seconds()))
    sealed = crypto.ring().seal(_PURPOSE, body, bound_to=workspace_id.bytes)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(workspace_id: UUID, cursor: str) -> Place:
    """The place that `cursor` tells. Raises CursorInvalid when it was not made for this workspace."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position, seconds = _BODY.unpack(crypto.ring().open(_PURPOSE, sealed, bound_to=workspace_id.bytes))
    except (binascii.Error, ValueError, SealBroken, struct.error):
        raise CursorInvalid from None
    return Place(position, datetime.fromtimestamp(seconds, UTC))
