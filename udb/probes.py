"""Whether a process of the product serves: one question for each kind."""

from http import HTTPStatus
from http.client import HTTPConnection
from typing import Final

import grpc
from grpc_health.v1 import health_pb2

_TIMEOUT_S: Final = 1.0


def grpc_serves(address: str) -> None:
    """Return once the gRPC server at `address` says that it serves. Raises grpc.RpcError or OSError until then."""
    with grpc.insecure_channel(address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        answer = check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise ConnectionError("it does not serve yet")


def http_serves(address: str, path: str) -> None:
    """Return once the HTTP server at `address` answers 200 to `path`. Raises OSError until then."""
    ask(address, path)


def ask(address: str, path: str, *, method: str = "GET") -> bytes:
    """What the HTTP server at `address` (host:port) answers with status 200. Raises OSError otherwise."""
    connection = HTTPConnection(address, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise ConnectionError(f"{path} answers {answer.status}")
    return body
