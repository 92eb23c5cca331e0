"""The stream as server-sent events (HTML Living Standard, section 9.2).

The edge's transcoder could write `data:` lines too, but no `id:`, and without ids no client can go on where it was.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

from aiohttp import web

from server.core.errors import DomainError
from server.streams import reply
from server.streams.calls import WATCH_EXECUTION
from server.streams.execution import ExecutionStream
from server.streams.items import Item, json_of
from server.streams.reader import LAST_SECONDS, Reader
from server.streams.stream import Stream

_HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    # For proxies before the edge that would hold the stream back.
    "x-accel-buffering": "no",
}
#: How long clients wait before they connect again, in milliseconds.
_RETRY: Final = 1000
_PIECE: Final = 64 * 1024
#: The id of the last message about an execution.
_ENDED: Final = "ended"


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


async def watch_execution(request: web.Request) -> web.StreamResponse:
    """Stream an execution until it ends, the client goes, or something ends the stream."""
    call = reply.incoming(request, WATCH_EXECUTION)
    if request.headers.get("last-event-id") == _ENDED:
        # A browser connects again when a stream ends; this status tells it that there is nothing more.
        return web.Response(status=204)
    try:
        wanted = reply.asked_execution(request.match_info, request.query)
        stream = ExecutionStream(request.app[reply.PARTS], wanted, call, transport="sse")
        await stream.open()
    except Exception as error:  # noqa: BLE001 - every failure becomes an answer
        return reply.refusal(error, call)
    response = web.StreamResponse(headers=_HEADERS)
    failure: DomainError | None = None
    try:
        with stream:
            await response.prepare(request)
            await _write(stream, response, f"retry: {_RETRY}\n\n".encode())
            async for message in stream.messages():
                data = f"data: {json_of(message)}\n\n" if message.ByteSize() else ": heartbeat\n\n"
                await _write(stream, response, data.encode())
            await _write(stream, response, f"id: {_ENDED}\ndata: {{}}\n\n".encode())
    except DomainError as error:
        failure = error
    except ConnectionResetError:
        failure = None
    reply.count(failure, WATCH_EXECUTION)
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


async def _write(stream: Reader, response: web.StreamResponse, data: bytes) -> None:
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
