"""The server behind the edge in these tests: `python toy_server.py DESCRIPTOR NAME GRPC_PORT HTTP_PORT`.

It runs as a process of its own so that a test can kill it. It needs no generated code: messages and methods come
from the descriptor. `NAME` comes back in every answer, so that a test sees who answered.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

SERVICE = "userdata.toy.v1.ToyService"
STREAM_SERVICE = "userdata.toy.v1.ToyStreamService"


def load(path: Path) -> descriptor_pool.DescriptorPool:
    """The descriptors that the file at `path` holds."""
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.Add(file)
    return pool


def message(pool: descriptor_pool.DescriptorPool, name: str) -> Any:
    """The class of the toy's message `name`."""
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"userdata.toy.v1.{name}"))


class Toy:
    """One method for each RPC; a request is whatever message the descriptor gives it."""

    def __init__(self, pool: descriptor_pool.DescriptorPool, name: str) -> None:
        self.pool = pool
        self.name = name

    def _thing(self, **fields: object) -> Any:
        return message(self.pool, "Thing")(server=self.name, **fields)

    def Echo(self, request: Any, context: grpc.ServicerContext) -> Any:
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        return message(self.pool, "EchoResponse")(request=request, metadata=metadata, server=self.name)

    def GetThing(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._thing(thing_id=request.thing_id)

    def ListThings(self, request: Any, context: grpc.ServicerContext) -> Any:
        shown = {"display_name": request.filter} if request.filter else {}
        things = [self._thing(thing_id=f"thing_{number}", **shown) for number in range(request.page_size)]
        return message(self.pool, "ListThingsResponse")(things=things)

    def UpdateThing(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._thing(thing_id=request.thing_id, display_name=request.thing.display_name)

    def ArchiveThing(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self._thing(thing_id=request.thing_id, display_name="archived")

    def Fail(self, request: Any, context: grpc.ServicerContext) -> Any:
        status = status_pb2.Status(code=request.code, message=request.message)
        if request.details:
            info = error_details_pb2.ErrorInfo(reason="TOY_FAILED", domain="userdata", metadata={"key": "value"})
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromTimedelta(timedelta(seconds=2))
            for detail in (info, retry):
                packed = any_pb2.Any()
                packed.Pack(detail)
                status.details.append(packed)
            context.send_initial_metadata((("retry-after", "2"),))
        context.abort_with_status(rpc_status.to_status(status))
        raise AssertionError("abort_with_status raises")

    def Wait(self, request: Any, context: grpc.ServicerContext) -> Any:
        deadline = threading.Event()
        deadline.wait(request.seconds)
        return self._thing(thing_id="waited")

    def Receive(self, request: Any, context: grpc.ServicerContext) -> Any:
        headers = {key: str(value) for key, value in context.invocation_metadata() if key.startswith("x-hub-")}
        context.send_initial_metadata((("x-got", json.dumps([request.token, request.body.content_type, headers])),))
        return request.body

    def PollThings(self, request: Any, context: grpc.ServicerContext) -> Any:
        return self.Wait(request, context)

    def Crash(self, request: Any, context: grpc.ServicerContext) -> Any:
        os._exit(9)

    def GetBlob(self, request: Any, context: grpc.ServicerContext) -> Any:
        return message(self.pool, "Blob")(text="userdata " * (request.size // 9))

    def WatchThings(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for number in range(request.page_size):
            yield self._thing(thing_id=f"thing_{number}")


def handler(pool: descriptor_pool.DescriptorPool, toy: Toy, service: str) -> grpc.GenericRpcHandler:
    """The handlers of every method of a service of the toy."""
    handlers = {}
    for method in pool.FindServiceByName(service).methods:
        make: Callable[..., Any] = (
            grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        )
        handlers[method.name] = make(
            parsing(message_factory.GetMessageClass(method.input_type), getattr(toy, method.name)),
            response_serializer=lambda answer: answer.SerializeToString(),
        )
    return grpc.method_handlers_generic_handler(service, handlers)


def parsing(request: type[Message], serve: Callable[..., Any]) -> Callable[..., Any]:
    """`serve`, given the parsed request; as in the product, bytes that are none are no fault of the server."""

    def parsed(raw: bytes, context: grpc.ServicerContext) -> Any:
        try:
            return serve(request.FromString(raw), context)
        except DecodeError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request is not the message that this method takes.")

    return parsed


class Probe(BaseHTTPRequestHandler):
    """The HTTP endpoints of the stream process."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers.get("upgrade") == "websocket":
            self._echo()
            return
        if self.path.startswith("/v1/things:watch"):
            self._stream()
            return
        body = json.dumps({"path": self.path}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        """Some events, then silence until the client goes."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for number in range(3):
            self.wfile.write(f"id: {number}\ndata: {self.headers.get('last-event-id')} {self.path}\n\n".encode())
        self.rfile.read(1)

    def _echo(self) -> None:
        """An upgraded connection that gives back what it gets; that it speaks no WebSocket is nothing to the edge."""
        self.send_response(101)
        self.send_header("connection", "upgrade")
        self.send_header("upgrade", "websocket")
        self.end_headers()
        while line := self.rfile.readline():
            self.wfile.write(line)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Keep the test's output quiet."""


def main() -> None:
    descriptor, name, grpc_port, http_port = sys.argv[1:]
    pool = load(Path(descriptor))
    # More than the edge lets pass, because gRPC refuses at random what comes near its own limit of 8 KiB.
    headers = [("grpc.max_metadata_size", 64 * 1024), ("grpc.absolute_max_metadata_size", 96 * 1024)]
    server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0), *headers])
    server.add_generic_rpc_handlers(
        tuple(handler(pool, Toy(pool, name), service) for service in (SERVICE, STREAM_SERVICE))
    )
    checks = health.HealthServicer()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection([SERVICE, reflection.SERVICE_NAME], server, pool)
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    server.start()
    ThreadingHTTPServer(("127.0.0.1", int(http_port)), Probe).serve_forever()


if __name__ == "__main__":
    main()
