"""The stream as server-sent events (HTML Living Standard, section 9.2).

The edge's transcoder could write `data:` lines too, but no `id:`, and without ids no client can go on where it was.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

from aiohttp import web

from server.core.errors import DomainError
from server.streams import reply
from server.streams.items import Item
from server.streams.stream import LAST_SECONDS, Stream

_HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    # For proxies before the edge that would hold the stream back.
    "x-accel-buffering": "no",
}
#: How long clients wait before they connect again, in milliseconds.
_RETRY: Final = 1000
_PIECE: Final = 64 * 1024


async def watch(request: web.Request) -> web.StreamResponse:
    """Stream until the client goes, or something ends the stream."""
    call = reply.incoming(request)
    try:
        wanted = reply.asked(request.match_info["workspace_id"], request.query)
        # What a client has seen last counts for more than where its URL once began.
        wanted.cursor = request.headers.get("last-event-id") or wanted.cursor
        stream = Stream(request.app[reply.PARTS], wanted, call, transport="sse")
        await stream.open()
    except Exception as error:  # noqa: BLE001 - every failure becomes an answer
        return reply.refusal(error, call)
    response = web.StreamResponse(headers=_HEADERS)
    failure: DomainError | None = None
    try:
        with stream:
            await response.prepare(request)
            await _write(stream, response, f"retry: {_RETRY}\nid: {stream.cursor}\n\n".encode())
            async for items in stream.batches():
                if not items:
                    # An id without data moves the client's last id and gives it no event.
                    await _write(stream, response, f": heartbeat\nid: {stream.cursor}\n\n".encode())
                for piece in _pieces(items):
                    await _write(stream, response, piece)
    except DomainError as error:
        failure = error
    except ConnectionResetError:
        failure = None
    reply.count(failure)
    if failure is not None:
        await _end(request, response, f"event: status\ndata: {reply.text_of(failure, call)}\n\n".encode())
    return response


def _pieces(items: Iterable[Item]) -> Iterator[bytes]:
    """What is written at a time: many small events, or a large one."""
    piece: list[bytes] = []
    size = 0
    for item in items:
        piece.append(item.block)
        size += len(item.block)
        if size >= _PIECE:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)


async def _write(stream: Stream, response: web.StreamResponse, data: bytes) -> None:
    async with stream.writing():
        await response.write(data)


async def _end(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Say why the stream ends, to a client that still reads."""
    try:
        async with asyncio.timeout(LAST_SECONDS):
            await response.write(data)
            await response.write_eof()
    except (TimeoutError, ConnectionResetError):
        if request.transport is not None:
            request.transport.abort()
