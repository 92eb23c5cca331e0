"""Requests and errors of the HTTP port, in the forms in which the edge reads and writes them for REST."""

import json
import math
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from google.protobuf.json_format import MessageToDict
from google.rpc import code_pb2
from multidict import MultiMapping

from server.core.call import Call
from server.core.contract import Method
from server.core.errors import DomainError, InvalidArgument
from server.core.interceptors.edge import call_of
from server.core.interceptors.failures import domain_error, status
from server.core.telemetry import metrics
from server.streams.calls import WATCH
from server.streams.stream import Parts
from userdata.events.v1.event_stream_service_pb2 import WatchEventsRequest
from userdata.workflows.v1.execution_stream_service_pb2 import WatchExecutionRequest

PARTS: Final = web.AppKey("parts", Parts)
#: google.rpc.Code to HTTP, as google/rpc/code.proto gives it.
_HTTP: Final = {3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 12: 501, 13: 500, 14: 503, 16: 401}


def incoming(request: web.Request, method: Method = WATCH) -> Call:
    """The call of `method` that an HTTP request is."""
    metadata = {name.lower(): value for name, value in request.headers.items()}
    return call_of(method, metadata, address=request.remote or "")


def asked(workspace_id: str, query: MultiMapping[str]) -> WatchEventsRequest:
    """The request that a path and a query are. Raises InvalidArgument for a name that the message does not have."""
    found = WatchEventsRequest(workspace_id=workspace_id)
    for name, value in query.items():
        match name:
            case "types":
                found.types.append(value)
            case "cursor":
                found.cursor = value
            case "subject":
                found.subject = value
            case _:
                raise malformed(f'There is no query parameter "{name[:40]}".')
    return found


def asked_execution(path: Mapping[str, str], query: MultiMapping[str]) -> WatchExecutionRequest:
    """The request that a path is, which takes no query. Raises InvalidArgument for one."""
    for name in query:
        raise malformed(f'There is no query parameter "{name[:40]}".')
    return WatchExecutionRequest(workspace_id=path["workspace_id"], execution_id=path["execution_id"])


def malformed(problem: str) -> InvalidArgument:
    """The refusal of what cannot be read."""
    # Text of the client's may have braces, which a message would take for names to fill in.
    problem = problem.replace("{", "{{").replace("}", "}}")
    return InvalidArgument(f"The request cannot be read. {problem}", reason="MALFORMED_REQUEST")


def refusal(error: Exception, call: Call) -> web.Response:
    """The answer to a request that fails before its stream begins."""
    failure = domain_error(error)
    count(failure, call.method or WATCH)
    headers = {"content-type": "application/json"}
    if failure.retry_after is not None:
        headers["retry-after"] = str(math.ceil(failure.retry_after.total_seconds()))
    body = text_of(failure, call).encode()
    return web.Response(body=body, status=_HTTP[failure.code], headers=headers)


def text_of(failure: DomainError, call: Call) -> str:
    """`failure` as one line of JSON, as every error is."""
    found = MessageToDict(status(failure, call.request_id), always_print_fields_with_no_presence=True)
    return json.dumps(found, ensure_ascii=False)


def count(failure: DomainError | None, method: Method = WATCH) -> None:
    """Count a stream that ended, by what it ended with."""
    metrics.CALLS.labels(method.full_name, "OK" if failure is None else code_pb2.Code.Name(failure.code)).inc()
