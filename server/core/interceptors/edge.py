"""Where gRPC ends: bytes and metadata come in, bytes or a status go out, and every call leaves its traces.

Requests are parsed here and not by grpc, which would answer INTERNAL to bytes that are not the message.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import grpc
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from server.core import ids
from server.core.call import Call, serving
from server.core.contract import ContractError, Method, methods
from server.core.errors import DomainError, InvalidArgument, Unimplemented
from server.core.interceptors.chain import chain
from server.core.interceptors.failures import domain_error, status
from server.core.interceptors.handler import Guards, Handler
from server.core.telemetry import metrics, traces

#: Envoy overwrites this header with the address it trusts; see envoy/envoy.yaml.j2.
ADDRESS_HEADER: Final = "x-client-address"
_REQUEST_ID_MAX: Final = 64
_OK: Final = "OK"
_log = structlog.get_logger("calls")


def handlers(
    service: ServiceDescriptor, servicer: object, guards: Guards
) -> dict[str, "grpc.RpcMethodHandler[bytes, bytes]"]:
    """A gRPC handler for each method of `service`. Raises ContractError when `servicer` lacks one."""
    found: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {}
    for method in methods(service):
        servicer_method: Handler | None = getattr(servicer, method.name, None)
        if servicer_method is None:
            raise ContractError(f"{type(servicer).__name__} does not serve {method.full_name}")
        serve = unary(method, chain(method, servicer_method, guards))
        found[method.name] = grpc.unary_unary_rpc_method_handler(serve)
    return found


def unary(method: Method, handler: Handler) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    """`handler` as grpc calls it."""
    seconds = metrics.CALL_SECONDS.labels(method.full_name)
    succeeded = metrics.CALLS.labels(method.full_name, _OK)

    def serve(raw: bytes, context: grpc.ServicerContext) -> bytes:
        started = time.perf_counter()
        call = incoming(method, context)
        with serving(call), traces.span(method.full_name, call.trace_parent) as call.trace_parent:
            try:
                answer = handler(parsed(method, raw), call).SerializeToString()
            except Exception as error:  # noqa: BLE001 - the one place where every failure becomes a status
                failure = domain_error(error)
            else:
                seconds.observe(time.perf_counter() - started)
                succeeded.inc()
                if not method.reads_only:
                    _report(call, method, started, _OK)
                return answer
            seconds.observe(time.perf_counter() - started)
            _report(call, method, started, _count_failure(method, failure), reason=failure.reason)
            return _abort(context, failure, call.request_id)

    return serve


def incoming(method: Method, context: grpc.ServicerContext) -> Call:
    """The call that `context` belongs to."""
    metadata: dict[str, Any] = {entry[0]: entry[1] for entry in context.invocation_metadata()}
    return call_of(method, metadata, address=_peer_address(context.peer()))


def call_of(method: Method, metadata: Mapping[str, str], *, address: str) -> Call:
    """The call that `metadata`, with names in lower case, came with, from `address` unless it names another."""
    request_id = metadata.get("x-request-id", "")
    if not (0 < len(request_id) <= _REQUEST_ID_MAX and request_id.isascii() and request_id.isprintable()):
        request_id = str(ids.new())
    trace_parent = traces.sane(metadata.get("traceparent", ""))
    return Call(method, metadata, request_id, trace_parent, metadata.get(ADDRESS_HEADER) or address)


class UnknownMethods(grpc.GenericRpcHandler):
    """Answers every call that no service takes, in the shape of all errors."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":  # noqa: ARG002
        """A handler that refuses."""
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    def _refuse(self, _raw: bytes, context: grpc.ServicerContext) -> bytes:
        return _abort(context, Unimplemented(), str(ids.new()))


def parsed(method: Method, raw: bytes) -> Any:
    """The request of `method` that `raw` holds. Raises InvalidArgument."""
    try:
        return method.request.FromString(raw)
    except DecodeError:
        raise InvalidArgument(
            "The request is not the message that this method takes. Build it from the published contract.",
            reason="MALFORMED_REQUEST",
        ) from None


def _peer_address(peer: str) -> str:
    """`127.0.0.1` out of `ipv4:127.0.0.1:50122` or `ipv6:%5B::1%5D:50122`."""
    _, _, address = peer.partition(":")
    return address.rpartition(":")[0].removeprefix("%5B").removesuffix("%5D")


def _count_failure(method: Method, failure: DomainError) -> str:
    code = _STATUS_CODES[failure.code].name
    metrics.CALLS.labels(method.full_name, code).inc()
    return code


def _report(call: Call, method: Method, started: float, code: str, **more: str) -> None:
    _log.info(
        "call",
        method=method.full_name,
        code=code,
        milliseconds=round((time.perf_counter() - started) * 1000, 2),
        principal=call.actor,
        **more,
    )


_STATUS_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def _abort(context: grpc.ServicerContext, failure: DomainError, request_id: str) -> NoReturn:
    if failure.retry_after is not None:
        # HTTP clients look for the header (RFC 9110 §10.2.3); gRPC clients read RetryInfo.
        context.send_initial_metadata((("retry-after", str(math.ceil(failure.retry_after.total_seconds()))),))
    context.abort_with_status(rpc_status.to_status(status(failure, request_id)))
