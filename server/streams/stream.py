"""One reader's way: what is kept after its cursor, then what comes, without a gap between them and nothing twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

import structlog

from server.core.call import Call, serving
from server.core.errors import DomainError
from server.core.telemetry import metrics
from server.events.service import cursors
from server.events.service.cursors import Place
from server.events.service.following import Filter
from server.streams.calls import POLL, WATCH, Calls
from server.streams.errors import StreamTooSlow
from server.streams.hub import Hub, Watcher
from server.streams.items import Item
from server.streams.keeper import Keeper
from userdata.events.v1 import event_stream_service_pb2 as pb

#: Without an event for so long, a reader is told how far it has come. Proxies cut what is silent for a minute or more.
HEARTBEAT_SECONDS: Final = 15.0
#: A reader that takes nothing for so long is cut off; within the second time when its stream has ended.
_WRITE_SECONDS: Final = 30.0
LAST_SECONDS: Final = 4.0
_log = structlog.get_logger("streams")


@dataclass(frozen=True, slots=True)
class Parts:
    """What streams are made of."""

    calls: Calls
    hub: Hub
    keeper: Keeper


class Stream:
    """A stream of events over some transport. Used as a context: it counts as open within."""

    def __init__(self, parts: Parts, request: pb.WatchEventsRequest, call: Call, *, transport: str) -> None:
        self._parts, self._call, self._transport = parts, call, transport
        self._request = request
        self._wanted = Filter(tuple(request.types), request.subject)
        self._place = cursors.START
        self._started = time.monotonic()
        self._sent = 0

    @property
    def cursor(self) -> str:
        """The cursor after all that was given."""
        return cursors.mint(self._call.workspace, self._place)

    async def open(self) -> None:
        """Ask whether the stream may be, and where it begins. Raises DomainError, TooManyStreams among them."""
        opening = await self._parts.calls.answer(WATCH, self._request, self._call)
        self._place = cursors.read(self._call.workspace, opening.cursor)
        self._watcher = Watcher(self._call.workspace, self._wanted)
        self._parts.hub.open(self._watcher)
        self._leave = self._parts.keeper.add(self._watcher, self._request, self._call)

    def __enter__(self) -> Self:
        metrics.STREAMS_OPEN.labels(self._transport).inc()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._leave()
        self._parts.hub.close(self._watcher)
        metrics.STREAMS_OPEN.labels(self._transport).dec()
        metrics.STREAMED.labels(self._transport).inc(self._sent)
        with serving(self._call):
            _log.info(
                "stream",
                transport=self._transport,
                principal=self._call.actor,
                reason=error.reason if isinstance(error, DomainError) else "",
                events=self._sent,
                seconds=round(time.monotonic() - self._started, 1),
            )

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Around each write to the reader: it lasts only so long. Raises StreamTooSlow, or what ended the stream."""
        try:
            async with asyncio.timeout(_WRITE_SECONDS) as limit:

                def hurry() -> None:
                    limit.reschedule(asyncio.get_running_loop().time() + LAST_SECONDS)

                self._watcher.on_end = hurry
                yield
        except TimeoutError:
            self._watcher.check()
            raise StreamTooSlow from None
        finally:
            self._watcher.on_end = None

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
