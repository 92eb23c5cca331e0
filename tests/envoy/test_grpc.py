"""gRPC and gRPC-Web pass as they are, and the edge's own errors are gRPC statuses with details."""

import base64
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.envoy.conftest import LIMITS
from tests.envoy.harness import HOST, Answer, Edge
from tests.envoy.toy_server import SERVICE, STREAM_SERVICE, message


@pytest.fixture
def channel(edge: Edge) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"{HOST}:{edge.port}") as channel:
        yield channel


class Calls:
    """The toy's methods over one channel."""

    def __init__(self, channel: grpc.Channel, pool: DescriptorPool) -> None:
        self.channel = channel
        self.pool = pool

    def unary(self, name: str, request: Message, *, timeout: float = 20.0, metadata: Any = ()) -> Any:
        response = message(self.pool, {"Echo": "EchoResponse"}.get(name, "Thing"))
        call = self.channel.unary_unary(f"/{SERVICE}/{name}", _bytes, response.FromString)
        return call(request, timeout=timeout, metadata=metadata)

    def fails(self, name: str, request: Message, **arguments: Any) -> tuple[grpc.StatusCode, status_pb2.Status]:
        with pytest.raises(grpc.RpcError) as raised:
            self.unary(name, request, **arguments)
        return raised.value.code(), details(raised.value)


def details(error: Any) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])


def _bytes(request: Message) -> bytes:
    return request.SerializeToString()


@pytest.fixture
def calls(channel: grpc.Channel, pool: DescriptorPool) -> Calls:
    return Calls(channel, pool)


def reason(status: status_pb2.Status) -> str:
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "userdata"
    return str(info.reason)


def test_a_call_passes(calls: Calls, pool: DescriptorPool):
    answer = calls.unary("Echo", message(pool, "EchoRequest")(text="a"), metadata=(("idempotency-key", "k"),))
    assert answer.request.text == "a"
    assert answer.metadata["idempotency-key"] == "k"
    assert "authorization" not in answer.metadata


def test_a_servers_error_keeps_its_details(calls: Calls, pool: DescriptorPool):
    code, status = calls.fails("Fail", message(pool, "FailRequest")(code=9, message="No.", details=True))
    assert (code, status.message, reason(status)) == (grpc.StatusCode.FAILED_PRECONDITION, "No.", "TOY_FAILED")


def test_an_unknown_service_is_unimplemented(channel: grpc.Channel, pool: DescriptorPool):
    call = channel.unary_unary("/userdata.nothing.v1.NothingService/Get", _bytes, bytes)
    with pytest.raises(grpc.RpcError) as raised:
        call(message(pool, "GetThingRequest")(), timeout=20)
    assert (raised.value.code(), reason(details(raised.value))) == (grpc.StatusCode.UNIMPLEMENTED, "UNKNOWN_METHOD")


def test_a_large_message_is_refused(calls: Calls, pool: DescriptorPool):
    code, status = calls.fails("Echo", message(pool, "EchoRequest")(text="a" * LIMITS.request_bytes))
    assert (code, reason(status)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE")


def test_a_slow_call_ends(calls: Calls, pool: DescriptorPool):
    code, status = calls.fails("Wait", message(pool, "WaitRequest")(seconds=20))
    assert (code, reason(status)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")


def test_streams_pass_to_the_stream_processes(channel: grpc.Channel, pool: DescriptorPool):
    call = channel.unary_stream(f"/{STREAM_SERVICE}/WatchThings", _bytes, message(pool, "Thing").FromString)
    things = list(call(message(pool, "ListThingsRequest")(page_size=3), timeout=20))
    assert [thing.thing_id for thing in things] == ["thing_0", "thing_1", "thing_2"]
    assert {thing.server for thing in things} == {"a"}


def test_health_and_reflection_answer(channel: grpc.Channel):
    stub: Any = health_pb2_grpc.HealthStub(channel)
    health = stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    answer = next(stub.ServerReflectionInfo(requests, timeout=20))
    assert SERVICE in [service.name for service in answer.list_services_response.service]


def test_metadata_of_a_call_has_no_browser_headers(calls: Calls, channel: grpc.Channel, pool: DescriptorPool):
    call = channel.unary_unary(f"/{SERVICE}/Echo", _bytes, message(pool, "EchoResponse").FromString)
    _, done = call.with_call(message(pool, "EchoRequest")(), timeout=20)
    names = {name for name, _ in done.initial_metadata()}
    assert "x-request-id" in names
    assert not names & {"content-security-policy", "x-frame-options", "cache-control"}


# gRPC-Web ----------------------------------------------------------------------------------------------------------


def web(edge: Edge, name: str, request: Message, *, text: bool = False, **headers: str) -> Answer:
    """A gRPC-Web call, made by hand."""
    raw = request.SerializeToString()
    body = b"\0" + struct.pack(">I", len(raw)) + raw
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    return edge.ask(
        "POST",
        f"/{name}",
        base64.b64encode(body) if text else body,
        **{"content_type": kind, "accept": kind, "x_grpc_web": "1", **headers},
    )


def decoded(text: bytes) -> bytes:
    """Each frame of gRPC-Web-Text is encoded, and padded, by itself."""
    return b"".join(base64.b64decode(text[at : at + 4]) for at in range(0, len(text), 4))


def frames(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The message and the trailers."""
    length = int.from_bytes(body[1:5]) if body[0] == 0 else -5
    assert body[5 + length] == 0x80
    pairs = (line.partition(":") for line in body[10 + length :].decode().split("\r\n") if line)
    return body[5 : 5 + length], {name: text for name, _, text in pairs}


@pytest.mark.parametrize("text", [False, True])
def test_a_web_call_passes(edge: Edge, pool: DescriptorPool, text):
    answer = web(edge, f"{SERVICE}/GetThing", message(pool, "GetThingRequest")(thing_id="x"), text=text)
    raw, trailers = frames(decoded(answer.body) if text else answer.body)
    thing: Any = message(pool, "Thing").FromString(raw)
    assert (answer.status, thing.thing_id, trailers["grpc-status"]) == (200, "x", "0")


@pytest.mark.parametrize(
    ("name", "request_", "status", "expected"),
    [
        ("Fail", {"code": 5, "message": "No.", "details": True}, "5", "TOY_FAILED"),
        ("Wait", {"seconds": 20}, "4", "DEADLINE_EXCEEDED"),
        ("Echo", {"text": "a" * LIMITS.request_bytes}, "8", "REQUEST_TOO_LARGE"),
    ],
)
def test_a_failed_web_call_has_a_grpc_status(edge: Edge, pool: DescriptorPool, name, request_, status, expected):
    answer = web(edge, f"{SERVICE}/{name}", message(pool, f"{name}Request")(**request_))
    trailers = frames(answer.body)[1] if answer.body else answer.headers
    assert (answer.status, trailers["grpc-status"], reason(web_status(trailers))) == (200, status, expected)
    assert answer.headers["content-type"] == "application/grpc-web+proto"


def web_status(trailers: Mapping[str, str]) -> status_pb2.Status:
    text = trailers["grpc-status-details-bin"]
    return status_pb2.Status.FromString(base64.b64decode(text + "=" * (-len(text) % 4)))


def test_an_unknown_web_service_has_a_grpc_status(edge: Edge, pool: DescriptorPool):
    answer = web(edge, "userdata.nothing.v1.NothingService/Get", message(pool, "GetThingRequest")())
    assert (answer.status, answer.headers["grpc-status"]) == (200, "12")
    assert reason(web_status(answer.headers)) == "UNKNOWN_METHOD"


def test_a_clients_own_deadline_passes(calls: Calls, pool: DescriptorPool):
    with pytest.raises(grpc.RpcError) as raised:
        calls.unary("Wait", message(pool, "WaitRequest")(seconds=20), timeout=0.3)
    error: Any = raised.value
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
