"""Calls the product's methods in this thread, through the real chain and the real serialisation.

The thread is the test's own, so its database connection and the transaction that is rolled back after the test are
too. What only a socket adds (ports, HTTP/2, Envoy) is tested in tests/e2e.
"""

from collections.abc import Mapping
from typing import Any, NoReturn, cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from server import app
from server.core.contract import methods
from server.core.interceptors.chain import chain
from server.core.interceptors.edge import unary


class RpcError(Exception):
    """A call that failed, with everything its status said."""

    def __init__(self, status: status_pb2.Status) -> None:
        self.code = grpc.StatusCode[_NAMES[status.code]].name
        self.message = status.message
        self.violations: dict[str, str] = {}
        #: 0 when the status does not say.
        self.retry_seconds = 0.0
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        for detail in status.details:
            if detail.Unpack(info):
                self.reason, self.metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                self.violations = {violation.field: violation.description for violation in bad.field_violations}
            elif detail.Unpack(retry):
                self.retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
        super().__init__(f"{self.code} {self.reason}: {self.message} {self.violations or ''}")


class Client:
    """Calls methods by their full name, such as `userdata.accounts.v1.AccountService/GetMe`."""

    def __init__(self, *, address: str = "192.0.2.1", user_agent: str = "tests/1.0") -> None:
        self.address = address
        self.user_agent = user_agent

    def call(
        self,
        name: str,
        request: Message | bytes,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        address: str | None = None,
    ) -> Any:
        """The response to `request`. Raises RpcError."""
        method, serve = _SERVED[name]
        metadata = {"user-agent": self.user_agent, "x-client-address": address or self.address, **(headers or {})}
        if token is not None:
            metadata["authorization"] = f"Bearer {token}"
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        return method.response.FromString(serve(raw, cast("grpc.ServicerContext", _Context(metadata))))


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_SERVED = {
    method.full_name: (method, unary(method, chain(method, getattr(servicer, method.name), app.GUARDS)))
    for service, servicer in (*app.SERVICERS, *app.STREAMED)
    for method in methods(service)
}


class _Context:
    """The part of grpc.ServicerContext that the edge uses."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self._metadata = tuple(metadata.items())

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def peer(self) -> str:
        return "ipv4:192.0.2.99:40000"

    def send_initial_metadata(self, metadata: Any) -> None:
        del metadata

    def abort_with_status(self, status: Any) -> NoReturn:
        trailers = dict(status.trailing_metadata)
        raise RpcError(status_pb2.Status.FromString(trailers["grpc-status-details-bin"]))
