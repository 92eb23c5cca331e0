"""The stream over a WebSocket (RFC 6455): the messages of WatchEvents, one JSON object in each text frame.

Browsers cannot set headers on a WebSocket, and a token in a URL would end up in logs. So a token may come as a
subprotocol, `bearer.<token>`, beside the one that is spoken; it is never sent back.
"""

import asyncio
from contextlib import nullcontext
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from google.protobuf.json_format import Parse, ParseError

from server.core.call import Call
from server.core.errors import Aborted, DomainError, Exhausted, Internal, Unavailable
from server.streams import reply
from server.streams.items import json_of
from server.streams.reader import HEARTBEAT_SECONDS, LAST_SECONDS
from server.streams.stream import Stream
from userdata.events.v1.event_stream_service_pb2 import WatchEventsRequest, WatchEventsResponse

PROTOCOL: Final = "userdata.events.v1"
_BEARER: Final = "bearer."
#: Within which the first frame must come, when the URL does not say what is wanted.
_FIRST_SECONDS: Final = 10.0
_LARGEST_FRAME: Final = 16 * 1024
_ENDS: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
#: How a connection is closed (RFC 6455, section 7.4.1, and the IANA registry), by the code of what ended the stream.
_CODES: Final = {
    Aborted.code: WSCloseCode.TRY_AGAIN_LATER,
    Exhausted.code: WSCloseCode.TRY_AGAIN_LATER,
    Unavailable.code: WSCloseCode.SERVICE_RESTART,
    Internal.code: WSCloseCode.INTERNAL_ERROR,
}


async def watch(request: web.Request) -> web.StreamResponse:
    """Stream until the client goes, or something ends the stream."""
    call = _incoming(request)
    parts = request.app[reply.PARTS]
    stream: Stream | None = None
    try:
        wanted = _asked(request)
        if request.query:
            stream = Stream(parts, wanted, call, transport="websocket")
            await stream.open()
        else:
            await parts.calls.allow(wanted, call)
    except Exception as error:  # noqa: BLE001 - every failure becomes an answer
        return reply.refusal(error, call)
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,), heartbeat=HEARTBEAT_SECONDS, max_msg_size=_LARGEST_FRAME, compress=False
    )
    failure: DomainError | None = None
    try:
        # A handshake that fails must not leave an opened stream behind.
        with stream or nullcontext():
            await socket.prepare(request)
            if stream is None:
                stream = Stream(parts, await _first(socket, wanted), call, transport="websocket")
                await stream.open()
                with stream:
                    await _serve(socket, stream)
            else:
                await _serve(socket, stream)
    except DomainError as error:
        failure = error
    except ConnectionResetError:
        failure = None
    reply.count(failure)
    await _close(request, socket, failure, call)
    return socket


def _asked(request: web.Request) -> WatchEventsRequest:
    if request.headers.get("upgrade", "").lower() != "websocket":
        raise reply.malformed("This path takes WebSocket connections alone.")
    return reply.asked(request.match_info["workspace_id"], request.query)


def _incoming(request: web.Request) -> Call:
    """The call, whose token may be among the subprotocols."""
    call = reply.incoming(request)
    offered = call.metadata.get("sec-websocket-protocol", "").split(",")
    tokens = [name.strip()[len(_BEARER) :] for name in offered if name.strip().startswith(_BEARER)]
    if tokens and "authorization" not in call.metadata:
        call.metadata = {**call.metadata, "authorization": f"Bearer {tokens[0]}"}
    return call


async def _first(socket: web.WebSocketResponse, wanted: WatchEventsRequest) -> WatchEventsRequest:
    """What the first frame asks for, in the workspace of `wanted`. Raises InvalidArgument."""
    try:
        async with asyncio.timeout(_FIRST_SECONDS):
            frame = await socket.receive()
    except TimeoutError:
        raise reply.malformed("Send what is wanted in the first frame, or in the URL.") from None
    if frame.type in _ENDS:
        raise ConnectionResetError
    try:
        asked = Parse(frame.data, WatchEventsRequest())
    except (ParseError, TypeError):
        raise reply.malformed("The first frame must be a JSON object with cursor, types and subject.") from None
    asked.workspace_id = wanted.workspace_id
    return asked


async def _serve(socket: web.WebSocketResponse, stream: Stream) -> None:
    """Send and listen until either ends."""
    sending = asyncio.ensure_future(_send(socket, stream))
    hearing = asyncio.ensure_future(_hear(socket))
    try:
        done, _ = await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (sending, hearing):
            task.cancel()
        await asyncio.gather(sending, hearing, return_exceptions=True)


async def _hear(socket: web.WebSocketResponse) -> None:
    """Answer pings and notice the end. What else a client says has no meaning."""
    while (await socket.receive()).type not in _ENDS:
        pass


async def _send(socket: web.WebSocketResponse, stream: Stream) -> None:
    await _write(stream, socket, _place(stream))
    async for items in stream.batches():
        for frame in [item.frame for item in items] or [_place(stream)]:
            await _write(stream, socket, frame)


def _place(stream: Stream) -> str:
    return json_of(WatchEventsResponse(cursor=stream.cursor))


async def _write(stream: Stream, socket: web.WebSocketResponse, frame: str) -> None:
    async with stream.writing():
        await socket.send_str(frame)


async def _close(request: web.Request, socket: web.WebSocketResponse, failure: DomainError | None, call: Call) -> None:
    """Say why, to a client that still reads."""
    code = _CODES.get(failure.code, WSCloseCode.POLICY_VIOLATION) if failure else WSCloseCode.OK
    try:
        async with asyncio.timeout(LAST_SECONDS):
            if failure is not None:
                await socket.send_str(f'{{"error": {reply.text_of(failure, call)}}}')
            await socket.close(code=code, message=failure.reason.encode() if failure else b"")
    except (TimeoutError, ConnectionResetError):
        if request.transport is not None:
            request.transport.abort()
