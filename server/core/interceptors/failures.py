"""Turns whatever a call raised into the one status the client sees. Nothing else makes a status."""

from datetime import timedelta

import peewee
import psycopg2.errors
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from server.core.errors import Aborted, DeadlineExceeded, DomainError, Internal, Unavailable

DOMAIN = "userdata"
_log = structlog.get_logger("failures")


def domain_error(error: Exception) -> DomainError:
    """`error` itself when it is of the family, the member that stands for it otherwise. Logs what is our fault."""
    if isinstance(error, DomainError):
        return error
    cause = getattr(error, "orig", None) or (error.args[0] if error.args else None)
    if isinstance(error, peewee.OperationalError | peewee.InterfaceError):
        if isinstance(cause, psycopg2.errors.DeadlockDetected | psycopg2.errors.SerializationFailure):
            return Aborted(
                "Another call changed this at the same moment. Send the request again.",
                reason="CONCURRENT_CHANGE",
                retry_after=timedelta(milliseconds=100),
            )
        if isinstance(cause, psycopg2.errors.QueryCanceled):
            _log.warning("statement timed out")
            return DeadlineExceeded()
        _log.warning("database failed", error=type(cause).__name__)
        return Unavailable()
    _log.error("call failed", exc_info=error)
    return Internal()


def status(error: DomainError, request_id: str) -> Status:
    """The google.rpc.Status of `error` (AIP-193), always with ErrorInfo and RequestInfo."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if error.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
            for v in error.violations
        ]
        details.append(error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(error.retry_after)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return Status(code=error.code, message=error.message, details=[_packed(detail) for detail in details])


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed
