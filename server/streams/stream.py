"""One reader's way: what is kept after its cursor, then what comes, without a gap between them and nothing twice."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from server.core.call import Call
from server.core.telemetry import metrics
from server.events.service import cursors
from server.events.service.cursors import Place
from server.events.service.following import Filter
from server.streams.calls import POLL, WATCH, Calls
from server.streams.hub import Hub, Watcher
from server.streams.items import Item
from server.streams.keeper import Keeper
from server.streams.poller import Poller
from server.streams.reader import HEARTBEAT_SECONDS, Reader
from userdata.events.v1 import event_stream_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Parts:
    """What streams are made of."""

    calls: Calls
    hub: Hub
    keeper: Keeper
    poller: Poller


class Stream(Reader):
    """A stream of events over some transport."""

    def __init__(self, parts: Parts, request: pb.WatchEventsRequest, call: Call, *, transport: str) -> None:
        super().__init__(parts, call, transport=transport)
        self._request = request
        self._wanted = Filter(tuple(request.types), request.subject)
        self._place = cursors.START

    @property
    def cursor(self) -> str:
        """The cursor after all that was given."""
        return cursors.mint(self._call.workspace, self._place)

    async def open(self) -> None:
        """Ask whether the stream may be, and where it begins. Raises DomainError, TooManyStreams among them."""
        opening = await self._parts.calls.answer(WATCH, self._request, self._call)
        self._place = cursors.read(self._call.workspace, opening.cursor)
        self._enter(Watcher(self._call.workspace, self._wanted), self._request)

    async def batches(self) -> AsyncIterator[list[Item]]:
        """Events in order, some at a time; none when it is time for a sign of life. Ends only by a DomainError."""
        # As long as there is much to catch up with, nothing is held back for this reader.
        async for items in self._kept(None):
            yield items
        joined = await self._parts.hub.join(self._watcher)
        async for items in self._kept(joined):
            yield items
        while True:
            items = await self._watcher.take(HEARTBEAT_SECONDS)
            fresh = [item for item in items if item.place.position > self._place.position]
            if fresh:
                self._went(fresh[-1].place, len(fresh))
            elif not items:
                # Nothing waits, so all that the hub has given out was not wanted here.
                self._went(self._parts.hub.place or self._place, 0)
            if fresh or not items:
                yield fresh

    async def _kept(self, through: Place | None) -> AsyncIterator[list[Item]]:
        """What is kept after the present place: all, or all up to `through`, and perhaps more."""
        while through is None or self._place.position < through.position:
            self._watcher.check()
            found = await self._parts.calls.stretch(self._call, self._place, self._wanted)
            self._went(found.place, len(found.entries))
            if found.entries:
                yield [Item(entry) for entry in found.entries]
            if found.is_last:
                return

    def _went(self, place: Place, count: int) -> None:
        # At the same position a later time makes a younger cursor.
        self._place = max(self._place, place)
        self._sent += count


async def poll(parts: Parts, request: pb.PollEventsRequest, call: Call) -> pb.PollEventsResponse:
    """The answer to a poll, which may wait for the first event. Raises DomainError."""
    ends = time.monotonic() + request.wait.ToTimedelta().total_seconds()
    answer = await _look(parts, request, call, ends)
    if answer.events or time.monotonic() >= ends:
        return answer
    watcher = Watcher(call.workspace, Filter(tuple(request.types), request.subject))
    parts.hub.open(watcher)
    waiting = metrics.STREAMS_OPEN.labels("poll")
    waiting.inc()
    try:
        await parts.hub.join(watcher)
        while True:
            answer = await _look(parts, request, call, ends)
            left = ends - time.monotonic()
            if answer.events or left <= 0:
                return answer
            await watcher.take(left)
    finally:
        waiting.dec()
        parts.hub.close(watcher)


async def _look(parts: Parts, request: pb.PollEventsRequest, call: Call, ends: float) -> pb.PollEventsResponse:
    """The first events after the cursor of `request`, which goes on; none when the end is reached, or the time."""
    while True:
        answer: pb.PollEventsResponse = await parts.calls.answer(POLL, request, call)
        before, request.cursor = request.cursor, answer.next_cursor
        at_the_end = before == cursors.LATEST or _position(call, before) == _position(call, answer.next_cursor)
        if answer.events or at_the_end or time.monotonic() >= ends:
            return answer


def _position(call: Call, cursor: str) -> int:
    return cursors.read(call.workspace, cursor).position if cursor else 0
