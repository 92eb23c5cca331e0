"""Tells how each method can fail: the reasons it declares and those that every method of its kind shares."""

import json
import re
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import EnumValueDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.rpc import code_pb2

from udb.openapi.contract import Binding, Contract, ContractError, is_in_workspace, permission
from udb.openapi.formats import Json
from userdata.api.v1 import error_code_pb2, options_pb2

_PREFIX = "ERROR_REASON_"
_EXAMPLE = re.compile(r"HTTP (\d{3}): `(\{.*\})`", re.DOTALL)

# How Envoy turns a gRPC code into an HTTP status; the same table stands in google/rpc/code.proto.
_STATUSES = {
    code_pb2.CANCELLED: 499,
    code_pb2.UNKNOWN: 500,
    code_pb2.INVALID_ARGUMENT: 400,
    code_pb2.DEADLINE_EXCEEDED: 504,
    code_pb2.NOT_FOUND: 404,
    code_pb2.ALREADY_EXISTS: 409,
    code_pb2.PERMISSION_DENIED: 403,
    code_pb2.RESOURCE_EXHAUSTED: 429,
    code_pb2.FAILED_PRECONDITION: 400,
    code_pb2.ABORTED: 409,
    code_pb2.OUT_OF_RANGE: 400,
    code_pb2.UNIMPLEMENTED: 501,
    code_pb2.INTERNAL: 500,
    code_pb2.UNAVAILABLE: 503,
    code_pb2.DATA_LOSS: 500,
    code_pb2.UNAUTHENTICATED: 401,
}

_TITLES = {
    400: "The request is not valid, or the state of things does not allow it.",
    401: "The caller is not known.",
    403: "The caller may not do this.",
    404: "There is no such thing, or the caller has no access to it.",
    409: "The request clashes with what is there.",
    413: "The body is too large.",
    429: "A limit is reached.",
    431: "The headers are too large.",
    500: "The service met a fault of its own.",
    503: "The service is away for the moment.",
    504: "The call took too long.",
}

# Responses that most operations have in common stand in the components, by the reasons that they give.
_SHARED = {
    "Unauthenticated": (
        "CREDENTIAL_MISSING",
        "TOKEN_INVALID",
        "TOKEN_EXPIRED",
        "SESSION_REVOKED",
        "SESSION_EXPIRED",
        "API_KEY_INVALID",
        "API_KEY_REVOKED",
        "API_KEY_EXPIRED",
    ),
    "NotFound": ("NOT_FOUND", "ROUTE_NOT_FOUND"),
    "Conflict": ("IDEMPOTENCY_KEY_REUSED", "CONCURRENT_CHANGE"),
    "VersionConflict": ("ETAG_MISMATCH", "IDEMPOTENCY_KEY_REUSED", "CONCURRENT_CHANGE"),
    "BodyTooLarge": ("REQUEST_TOO_LARGE",),
    "RateLimited": ("RATE_LIMITED",),
    "HeadersTooLarge": ("HEADERS_TOO_LARGE",),
    "Internal": ("INTERNAL",),
    "Unavailable": ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE"),
    "DeadlineExceeded": ("DEADLINE_EXCEEDED",),
}

_RETRY_AFTER = {
    "Retry-After": {
        "description": "The seconds after which trying again can help; sent when that is known.",
        "schema": {"type": "integer", "minimum": 0},
    }
}


@dataclass(frozen=True)
class Reason:
    """One value of `ErrorReason`."""

    name: str
    status: int
    meaning: str
    example: Json


def read_reasons(contract: Contract) -> dict[int, Reason]:
    """Return every error reason by its number, without the unspecified one.

    Raises:
        ContractError: a value's comment lacks its example or contradicts the value's options.
    """
    enum = contract.pool.FindEnumTypeByName("userdata.api.v1.ErrorReason")
    return {value.number: _reason(contract, value) for value in enum.values if value.number}


def usual_reasons(binding: Binding) -> list[str]:
    """Return the names of the reasons that calls of this kind share, whatever the method does."""
    options: Any = binding.method.GetOptions()
    fields = binding.method.input_type.fields_by_name
    changes = options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS
    conditions = {
        "VALIDATION_FAILED": bool(fields) or changes,
        "MALFORMED_REQUEST": True,
        "IDEMPOTENCY_KEY_INVALID": changes,
        "NOT_FOUND": is_in_workspace(binding.method),
        "ROUTE_NOT_FOUND": bool(binding.path_fields),
        "IDEMPOTENCY_KEY_REUSED": changes,
        "CONCURRENT_CHANGE": changes,
        "ETAG_MISMATCH": "etag" in fields,
        "REQUEST_TOO_LARGE": binding.has_body,
    }
    held = [name for name, holds in conditions.items() if holds]
    always = ["HEADERS_TOO_LARGE", "RATE_LIMITED", "INTERNAL", "UNAVAILABLE", "UPSTREAM_UNAVAILABLE"]
    return [*held, *_caller_reasons(binding.method), *always, "DEADLINE_EXCEEDED"]


def _caller_reasons(method: MethodDescriptor) -> list[str]:
    options: Any = method.GetOptions()
    name = permission(method)
    credential = options.Extensions[options_pb2.credential]
    if name == "PUBLIC":
        return []
    takes_keys = credential == options_pb2.CREDENTIAL_UNSPECIFIED
    conditions = {
        "SESSION_REQUIRED": not takes_keys,
        "FRESH_LOGIN_REQUIRED": credential == options_pb2.CREDENTIAL_FRESH_SESSION,
        "PERMISSION_MISSING": name != "AUTHENTICATED",
        "SCOPE_MISSING": takes_keys and name != "AUTHENTICATED",
    }
    return [*_SHARED["Unauthenticated"], *(reason for reason, holds in conditions.items() if holds)]


class Failures:
    """The error responses of operations, and the components that they refer to."""

    def __init__(self, contract: Contract) -> None:
        self._reasons = read_reasons(contract)
        self._by_name = {reason.name: reason for reason in self._reasons.values()}
        self._used: set[str] = set()
        self._shared: dict[str, Json] = {}

    @property
    def examples(self) -> Json:
        """The examples of all reasons that an operation can answer with, as components."""
        used = sorted(self._used)
        return {name: {"summary": name, "value": self._by_name[name].example} for name in used}

    @property
    def components(self) -> Json:
        """The responses that operations share, as components."""
        return dict(sorted(self._shared.items()))

    def responses(self, binding: Binding) -> Json:
        """Return the error responses of the operation of `binding`, by status."""
        options: Any = binding.method.GetOptions()
        declared = [self._reasons[number] for number in options.Extensions[options_pb2.errors]]
        usual = [self._by_name[name] for name in usual_reasons(binding)]
        reasons = {reason.name: reason for reason in [*declared, *usual]}
        self._used |= set(reasons)
        grouped: dict[int, list[Reason]] = {}
        for reason in sorted(reasons.values(), key=lambda reason: reason.status):
            grouped.setdefault(reason.status, []).append(reason)
        return {str(status): self._response(status, group) for status, group in grouped.items()}

    def _response(self, status: int, reasons: list[Reason]) -> Json:
        names = {reason.name for reason in reasons}
        shared = next((name for name, members in _SHARED.items() if set(members) == names), None)
        if shared is None:
            return _response(status, reasons)
        self._shared[shared] = _response(status, [self._by_name[name] for name in _SHARED[shared]])
        return {"$ref": f"#/components/responses/{shared}"}


def _reason(contract: Contract, value: EnumValueDescriptor) -> Reason:
    comment = contract.comments.of(f"{value.type.full_name}.{value.name}")
    options: Any = value.GetOptions()
    code = options.Extensions[error_code_pb2.code]
    status = options.Extensions[error_code_pb2.http_status] or _STATUSES[code]
    found = _EXAMPLE.search(comment.details)
    if found is None or int(found.group(1)) != status:
        raise ContractError(f"Show what {value.name} looks like in its comment: HTTP {status}: `{{…}}`.")
    meaning = comment.summary.removeprefix("Says that ")
    return Reason(value.name.removeprefix(_PREFIX), status, meaning, json.loads(found.group(2)))


def _response(status: int, reasons: list[Reason]) -> Json:
    lines = [f"- `{reason.name}`: {reason.meaning}" for reason in reasons]
    examples = {reason.name: {"$ref": f"#/components/examples/{reason.name}"} for reason in reasons}
    return {
        "description": "\n".join([_TITLES.get(status, "The call failed."), "", *lines]),
        **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Status"},
                "examples": examples,
            }
        },
    }
