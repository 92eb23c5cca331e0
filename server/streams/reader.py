"""What every stream is, whatever it is a stream of: it counts as open, is kept an eye on, and writes within a time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

import structlog
from google.protobuf.message import Message

from server.core.call import Call, serving
from server.core.errors import DomainError
from server.core.telemetry import metrics
from server.streams.errors import StreamTooSlow
from server.streams.hub import Watcher

if TYPE_CHECKING:
    from server.streams.stream import Parts

#: Without anything new for so long, a reader gets a sign of life. Proxies cut what is silent for a minute or more.
HEARTBEAT_SECONDS: Final = 15.0
#: A reader that takes nothing for so long is cut off; within the second time when its stream has ended.
_WRITE_SECONDS: Final = 30.0
LAST_SECONDS: Final = 4.0
_log = structlog.get_logger("streams")


class Reader:
    """A stream over some transport, once it is open. Used as a context: it counts as open within."""

    _watcher: Watcher
    _leave: Callable[[], None]

    def __init__(self, parts: "Parts", call: Call, *, transport: str) -> None:
        self._parts, self._call, self._transport = parts, call, transport
        self._started = time.monotonic()
        self._sent = 0

    def _enter(self, watcher: Watcher, request: Message) -> None:
        """Count `watcher` in, and keep an eye on whether it may go on. Raises TooManyStreams."""
        self._watcher = watcher
        self._parts.hub.open(watcher)
        self._leave = self._parts.keeper.add(watcher, request, self._call)

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
