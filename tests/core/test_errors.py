"""The error family: every reason is published, with its code, and turned into one status."""

from datetime import timedelta

import peewee
import psycopg2.errors
import pytest
from google.rpc import error_details_pb2

from server.core import errors
from server.core.errors import DomainError, Exhausted, FieldViolation, InvalidArgument, NotFound
from server.core.interceptors.failures import domain_error, status


def every_error() -> list[type[DomainError]]:
    """All classes of the family that name a reason of their own."""
    found, classes = [], [DomainError]
    while classes:
        classes += (cls := classes.pop()).__subclasses__()
        if "reason" in vars(cls):
            found.append(cls)
    return found


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_every_reason_is_published_with_the_code_of_its_class(cls):
    assert errors.REASONS[cls.reason] == cls.code


def test_a_reason_that_is_not_published_cannot_be_raised():
    for reason in ("NO_SUCH_REASON", "SLUG_TAKEN"):
        with pytest.raises(ValueError, match=reason):
            NotFound(reason=reason)


def test_a_message_is_filled_from_the_metadata():
    error = InvalidArgument("No {field} here.", reason="FILTER_INVALID", field="{evil}")
    assert error.message == "No {evil} here."
    assert error.metadata == {"field": "{evil}"}


def test_the_status_carries_reason_request_violations_and_delay():
    found = {}
    for error in (
        InvalidArgument(violations=[FieldViolation("name", "is required")]),
        Exhausted(reason="LOGIN_LOCKED", retry_after=timedelta(seconds=90)),
    ):
        for packed in status(error, "req-1").details:
            name = packed.type_url.rpartition(".")[2]
            detail = getattr(error_details_pb2, name)()
            packed.Unpack(detail)
            found[name] = detail
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == ("LOGIN_LOCKED", "userdata")
    assert found["RequestInfo"].request_id == "req-1"
    assert found["BadRequest"].field_violations[0].field == "name"
    assert found["RetryInfo"].retry_delay.seconds == 90


@pytest.mark.parametrize(
    ("raised", "code", "reason"),
    [
        (ZeroDivisionError("secret detail"), 13, "INTERNAL"),
        (peewee.OperationalError(psycopg2.OperationalError("server closed the connection")), 14, "UNAVAILABLE"),
        (peewee.OperationalError(psycopg2.errors.DeadlockDetected("deadlock")), 10, "CONCURRENT_CHANGE"),
        (peewee.OperationalError(psycopg2.errors.QueryCanceled("timeout")), 4, "DEADLINE_EXCEEDED"),
        (NotFound(), 5, "NOT_FOUND"),
    ],
)
def test_whatever_is_raised_becomes_a_member_of_the_family(raised, code, reason):
    answer = status(domain_error(raised), "req-1")
    assert answer.code == code
    assert domain_error(raised).reason == reason
    assert "secret" not in str(answer)
