"""The stream service over gRPC, on asyncio."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from server import app
from server.core.call import Call
from server.core.contract import Method
from server.core.errors import DomainError
from server.core.interceptors.edge import incoming, parsed
from server.core.interceptors.failures import domain_error, status
from server.core.telemetry import metrics
from server.streams.calls import POLL, WATCH, WATCH_EXECUTION
from server.streams.execution import ExecutionStream
from server.streams.reader import Reader
from server.streams.stream import Parts, Stream, poll
from userdata.events.v1 import event_stream_service_pb2 as pb
from userdata.workflows.v1.execution_stream_service_pb2 import WatchExecutionRequest

_Context = grpc.aio.ServicerContext[bytes, bytes]
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    # The edge pings its connections; without streams it would be told that it pings too often.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
)


def server(address: str, parts: Parts) -> grpc.aio.Server:
    """A server with the stream service, health and reflection, not started. `address` is `host:port`."""
    made = grpc.aio.server(options=_OPTIONS)
    handlers: dict[str, Any] = {
        "WatchEvents": grpc.unary_stream_rpc_method_handler(_answering(WATCH, _watch, parts)),
        "PollEvents": grpc.unary_unary_rpc_method_handler(_answering(POLL, _poll, parts)),
    }
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(WATCH.service, handlers),))
    of_executions: dict[str, Any] = {
        WATCH_EXECUTION.name: grpc.unary_stream_rpc_method_handler(
            _answering(WATCH_EXECUTION, _watch_execution, parts)
        ),
    }
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(WATCH_EXECUTION.service, of_executions),))
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), made)
    names = [service.full_name for service, _ in (*app.SERVICERS, *app.STREAMED)]
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], made)
    made.add_insecure_port(address)
    return made


def _answering(
    method: Method, serve: Callable[[Parts, Any, Call, _Context], Awaitable[Any]], parts: Parts
) -> Callable[[bytes, _Context], Awaitable[Any]]:
    """`serve` as grpc calls it, where every failure becomes a status with its details."""

    async def answer(raw: bytes, context: _Context) -> Any:
        call = incoming(method, context)  # type: ignore[arg-type] # it asks what both kinds of context have
        try:
            found = await serve(parts, parsed(method, raw), call, context)
        except asyncio.CancelledError:
            metrics.CALLS.labels(method.full_name, "CANCELLED").inc()
            raise
        except Exception as error:  # noqa: BLE001 - the one place where every failure becomes a status
            failure = domain_error(error)
            metrics.CALLS.labels(method.full_name, _CODES[failure.code].name).inc()
            await _abort(context, failure, call.request_id)
        metrics.CALLS.labels(method.full_name, "OK").inc()
        return found

    return answer


async def _poll(parts: Parts, request: pb.PollEventsRequest, call: Call, _context: _Context) -> bytes:
    return (await poll(parts, request, call)).SerializeToString()


async def _watch(parts: Parts, request: pb.WatchEventsRequest, call: Call, context: _Context) -> None:
    stream = Stream(parts, request, call, transport="grpc")
    await stream.open()
    with stream:
        await _write(stream, context, _place(stream))
        async for items in stream.batches():
            for message in [item.message for item in items] or [_place(stream)]:
                await _write(stream, context, message)


async def _watch_execution(parts: Parts, request: WatchExecutionRequest, call: Call, context: _Context) -> None:
    stream = ExecutionStream(parts, request, call, transport="grpc")
    await stream.open()
    with stream:
        async for message in stream.messages():
            await _write(stream, context, message.SerializeToString())


def _place(stream: Stream) -> bytes:
    message: Message = pb.WatchEventsResponse(cursor=stream.cursor)
    return message.SerializeToString()


async def _write(stream: Reader, context: _Context, message: bytes) -> None:
    async with stream.writing():
        await context.write(message)


async def _abort(context: _Context, failure: DomainError, request_id: str) -> None:
    found = rpc_status.to_status(status(failure, request_id))
    if failure.retry_after is not None and not context.done():
        # HTTP clients look for the header; once a stream has begun it is too late for one.
        headers = (("retry-after", str(math.ceil(failure.retry_after.total_seconds()))),)
        try:
            await context.send_initial_metadata(headers)
        except (grpc.aio.UsageError, asyncio.InvalidStateError):
            await context.abort(found.code, found.details, found.trailing_metadata)
    await context.abort(found.code, found.details, found.trailing_metadata)
