"""Following the feed of a workspace from a cursor: what polls read, and streams before they are live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from server.core import clock, config
from server.events import convert
from server.events.conf import EventsSettings
from server.events.queries import following
from server.events.queries.following import FeedRow
from server.events.service import cursors
from server.events.service.cursors import CursorExpired, Place
from userdata.events.v1.event_pb2 import Event

#: How much of the feed one read looks through for events that a filter lets pass.
_SCANNED: Final = 2000
#: A stretch ends after so much data, so that every client takes the answer (gRPC's own limit is 4 MiB).
_BYTES: Final = 2 * 1024 * 1024
#: How many events are in memory at a time before that is looked at.
_LOADED: Final = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a reader wants: types, exact or ending in `.*`, and a subject. Empty ones want all."""

    types: tuple[str, ...] = ()
    subject: str = ""

    @property
    def wants_all(self) -> bool:
        """Whether it lets everything pass."""
        return not self.types and not self.subject

    def takes_type(self, name: str) -> bool:
        """Whether it lets events of this type pass."""
        if not self.types:
            return True
        return any(name == kind or (kind.endswith(".*") and name.startswith(kind[:-1])) for kind in self.types)

    def takes(self, name: str, subject: str) -> bool:
        """Whether it lets an event with this type and subject pass."""
        return self.takes_type(name) and self.subject in ("", subject)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event, its place in the feed, and how many characters of data it has."""

    place: Place
    workspace_id: UUID
    event: Event
    size: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the feed: the events in it that were wanted, and the place after all that was looked at.

    `is_last` tells that there was nothing more when it was read.
    """

    entries: list[Entry]
    place: Place
    is_last: bool


def begin(workspace_id: UUID, cursor: str) -> Place:
    """The place where a reader begins. Raises CursorInvalid, CursorExpired."""
    if cursor == cursors.LATEST:
        found = following.latest(workspace_id)
        return Place(found[0] if found else 0, clock.now())
    if not cursor:
        return cursors.START
    place = cursors.read(workspace_id, cursor)
    # A reader that has seen nothing yet has the same cursor for ever.
    kept = timedelta(days=config.read(EventsSettings).event_retention_days)
    if place != cursors.START and place.time < clock.now() - kept:
        raise CursorExpired
    return place


def stretch(workspace_id: UUID, place: Place, *, limit: int, wanted: Filter) -> Stretch:
    """The stretch after `place` with at most `limit` events. It may hold fewer, even none, and not be the last."""
    scanned = limit if wanted.wants_all else max(limit, _SCANNED)
    rows = following.scan(workspace_id, *place, limit=scanned)
    if not rows:
        return Stretch([], _at_the_end(place.position), is_last=True)
    candidates = [row for row in rows if wanted.takes_type(row.type)]
    found: list[Entry] = []
    size = 0
    for start in range(0, len(candidates), _LOADED):
        for entry in entries(candidates[start : start + _LOADED], wanted):
            found.append(entry)
            size += entry.size
            if len(found) == limit or size >= _BYTES:
                return Stretch(found, entry.place, is_last=False)
    last = rows[-1]
    if len(rows) < scanned:
        return Stretch(found, _at_the_end(last.position), is_last=True)
    return Stretch(found, Place(last.position, last.feed_time), is_last=False)


def _at_the_end(position: int) -> Place:
    """The place of a reader that has seen all there is. Its time is the present, so that it does not grow old."""
    return Place(position, clock.now())


def entries(rows: Sequence[FeedRow], wanted: Filter, execute: following.Run = following.run) -> list[Entry]:
    """The events of `rows` that are wanted, in their order."""
    found = following.events(rows, execute)
    return [
        Entry(Place(row.position, row.feed_time), row.workspace_id, convert.event(event), len(event.data))
        for row in rows
        if (event := found.get(row.event_id)) is not None and wanted.takes(event.type, event.subject)
    ]
