"""What the edge answers by itself when a call does not reach a server, or not in time.

Envoy's own answers are plain text and tell of its insides. Each fault here replaces one kind of them with a
`google.rpc.Status` that has the contract's reason: as JSON for REST, as trailers for gRPC and gRPC-Web. The first fault
whose condition holds is taken (envoy.config.core LocalReplyConfig), so the order of `FAULTS` matters.
"""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from google.protobuf import any_pb2, json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from server.core.errors import REASONS
from udb.edge.contract import Verbs
from udb.edge.params import Limits

DOMAIN: Final = "userdata"
PROBLEM: Final = "{problem}"

_TRANSCODER: Final = 'response.code_details.contains("grpc_json_transcode_failure")'
_RETRY_AFTER: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of failure."""

    when: str
    """The condition, in CEL over Envoy's attributes."""
    reason: str
    """A published reason. It decides the canonical code."""
    message: str
    """One sentence. `PROBLEM` in it stands for what the part of the edge that refused the request said."""
    retry: bool = False
    """Whether the same call may succeed a moment later."""
    only: Literal["grpc", "rest"] | None = None
    """The one kind of client that it is for."""
    path: str | None = None
    """A regular expression (RE2) that the path must match besides."""
    http_status: int | None = None
    """The HTTP status, where it is not to stay what Envoy chose."""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def status(self) -> status_pb2.Status:
        """The error as it goes over the wire; its message still has the placeholder."""
        details: list[Message] = [error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN)]
        if self.retry:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.FromTimedelta(_RETRY_AFTER)
            details.append(info)
        return status_pb2.Status(code=REASONS[self.reason], message=self.message, details=map(_pack, details))

    @property
    def body_format(self) -> dict[str, Any]:
        """The body over REST, as an Envoy `SubstitutionFormatString`."""
        body: dict[str, Any] = json_format.MessageToDict(self.status, always_print_fields_with_no_presence=True)
        if PROBLEM in self.message:
            # Only this form escapes what is put in. It sorts the keys, which the other keeps in order.
            return {"json_format": {**body, "message": _format(self.message)}}
        text = json.dumps(body, separators=(",", ":"))
        return {"text_format_source": {"inline_string": _format(text)}, "content_type": "application/json"}

    @property
    def trailers(self) -> dict[str, str]:
        """What gRPC clients read. Nothing can be put into the message here."""
        binary = base64.b64encode(self.status.SerializeToString()).decode().rstrip("=")
        return {
            "grpc-status": str(self.status.code),
            "grpc-message": self.message,
            "grpc-status-details-bin": binary,
        }

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers that come besides the body."""
        retry = {"retry-after": str(int(_RETRY_AFTER.total_seconds()))} if self.retry else {}
        return retry | dict(self.headers)


def faults(limits: Limits, verbs: list[Verbs]) -> list[Fault]:
    """Every kind of failure, the special ones first."""
    return [*_not_allowed(verbs), *_wrong_requests(limits), *_outages(), *_rest()]


def _not_allowed(verbs: list[Verbs]) -> list[Fault]:
    # RFC 9110, 15.5.6: 405 comes with the methods that would be right.
    return [
        Fault(
            when=f"response.code == 404 && {_TRANSCODER}",
            only="rest",
            path=group.pattern,
            reason="ROUTE_NOT_FOUND",
            http_status=405,
            message=f"This path does not take this method. Use {_either(group.allowed)}.",
            headers=(("allow", ", ".join(group.allowed)),),
        )
        for group in verbs
    ]


def _wrong_requests(limits: Limits) -> list[Fault]:
    return [
        Fault(
            when="response.code == 404",
            only="grpc",
            reason="UNKNOWN_METHOD",
            message="There is no such method. Check its name and that your stubs match this server.",
        ),
        Fault(
            when="response.code == 404",
            reason="ROUTE_NOT_FOUND",
            message="There is no such path. Look it up in the API reference at /api/docs.",
        ),
        Fault(
            when='response.code == 400 && response.code_details == "lua_response"',
            only="rest",
            reason="MALFORMED_REQUEST",
            message=PROBLEM,
        ),
        Fault(
            when=f"response.code == 400 && {_TRANSCODER}",
            only="rest",
            reason="MALFORMED_REQUEST",
            message=f"The request cannot be read. {PROBLEM}",
        ),
        Fault(
            when="response.code == 413",
            reason="REQUEST_TOO_LARGE",
            message=f"The request is too large. Send at most {_size(limits.request_bytes)}.",
        ),
        Fault(
            when="response.code == 431",
            reason="HEADERS_TOO_LARGE",
            message=f"The headers are too large. Send at most {limits.header_kib} KiB and 100 of them.",
        ),
        Fault(
            when="response.code == 408",
            reason="DEADLINE_EXCEEDED",
            message="The request took too long to arrive. Send it again.",
        ),
        Fault(
            when="response.code == 429",
            reason="RATE_LIMITED",
            message="Too many requests. Wait for the given time, then try again.",
            retry=True,
        ),
    ]


def _outages() -> list[Fault]:
    return [
        Fault(
            when="response.code == 504",
            reason="DEADLINE_EXCEEDED",
            message="The call took too long. Read the state, or repeat it with the same idempotency key.",
        ),
        Fault(
            when='response.code == 503 && response.code_details.startsWith("upstream_reset_before_response_started")'
            ' && !response.code_details.contains("connection_failure")',
            reason="UPSTREAM_UNAVAILABLE",
            message="The server was lost during the call. Read the state, or repeat it with the same idempotency key.",
            retry=True,
        ),
        Fault(
            when="response.code == 502 || response.code == 503",
            reason="UPSTREAM_UNAVAILABLE",
            http_status=503,
            message="No server is available for the moment. Try again shortly.",
            retry=True,
        ),
    ]


def _rest() -> list[Fault]:
    return [
        Fault(
            when="response.code >= 500",
            reason="INTERNAL",
            message="Something went wrong on our side. Report it with the request id.",
        ),
        Fault(
            when="response.code >= 400",
            reason="MALFORMED_REQUEST",
            message="The request is not valid HTTP for this service. Check its method, path and headers.",
        ),
    ]


def _pack(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _size(count: int) -> str:
    mebibytes, rest = divmod(count, 1024 * 1024)
    return f"{count} bytes" if rest else f"{mebibytes} MiB"


def _format(text: str) -> str:
    return text.replace("%", "%%").replace(PROBLEM, "%LOCAL_REPLY_BODY%")
