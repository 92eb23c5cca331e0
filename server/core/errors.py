"""The closed family of errors that a service may raise. One interceptor turns them into statuses.

    DomainError
    ├── InvalidArgument      the request is wrong whatever the state is         400
    ├── Unauthenticated      no credential, or one that does not hold           401
    ├── PermissionDenied     the caller is known and may not                    403
    ├── NotFound             not there, or not yours: one text for both         404
    ├── AlreadyExists        the name or key is taken                           409
    ├── Aborted              somebody else was faster; read again and retry     409
    ├── FailedPrecondition   right request, wrong state                         400
    ├── Exhausted            a limit is reached; `retry_after` tells when       429
    ├── Unimplemented        no such method                                     501
    ├── Unavailable          a part is away; retrying helps                     503
    ├── DeadlineExceeded     the answer came too late                           504
    └── Internal             our fault; the text never says more                500

A room's `errors.py` derives one class per reason of `userdata.api.v1.ErrorReason`. A message is one sentence
that says what to do; `{names}` in it are filled from the metadata.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from userdata.api.v1.error_reason_pb2 import ErrorReason

_PREFIX = "ERROR_REASON_"
REASONS = frozenset(name.removeprefix(_PREFIX) for name in ErrorReason.keys())


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request and the sentence that says what is wrong with it."""

    field: str
    description: str


class DomainError(Exception):
    """Base of the family.

    `reason` is published in the contract, `metadata` holds its details as strings. With `keep_changes` the
    transaction commits although the call fails: a counted login failure must survive the refusal.
    """

    code: ClassVar[int] = 13
    reason: str = "INTERNAL"
    message: str = "Something went wrong on our side; try again, and report the request id if it stays."
    keep_changes: bool = False

    def __init__(
        self,
        message: str | None = None,
        *,
        reason: str | None = None,
        retry_after: timedelta | None = None,
        violations: Sequence[FieldViolation] = (),
        **metadata: str,
    ) -> None:
        self.reason = reason or self.reason
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason} is not a value of userdata.api.v1.ErrorReason")
        self.metadata = metadata
        self.retry_after = retry_after
        self.violations = tuple(violations)
        self.message = message or self.message.format(**metadata)
        super().__init__(self.message)


class InvalidArgument(DomainError):
    """The request is wrong whatever the state of the system is."""

    code = 3
    reason = "VALIDATION_FAILED"
    message = "The request has fields that are not valid; see the field violations."


class DeadlineExceeded(DomainError):
    """The caller's deadline passed before the work was done; nothing was changed."""

    code = 4
    reason = "DEADLINE_EXCEEDED"
    message = "The deadline passed before the work was done; nothing was changed, try again."


class NotFound(DomainError):
    """Not there, or not visible to the caller. The text is the same for both (AIP-211)."""

    code = 5
    reason = "NOT_FOUND"
    message = "There is no such resource, or you have no access to it."


class AlreadyExists(DomainError):
    """The name, key or pair is already taken."""

    code = 6
    reason = "ALREADY_EXISTS"
    message = "A resource with this name exists already; choose another."


class PermissionDenied(DomainError):
    """The caller is known and lacks the right."""

    code = 7
    reason = "PERMISSION_MISSING"
    message = "You need the permission {permission} to do this."


class Exhausted(DomainError):
    """A limit is reached. `retry_after` tells when trying again can help."""

    code = 8
    reason = "LIMIT_REACHED"
    message = "A limit is reached; try again later."


class FailedPrecondition(DomainError):
    """The request is right, the state of the resource does not allow it."""

    code = 9
    reason = "PRECONDITION_FAILED"
    message = "The resource is not in a state that allows this."


class Aborted(DomainError):
    """Somebody else changed the resource first (AIP-154)."""

    code = 10
    reason = "ETAG_MISMATCH"
    message = "The resource was changed in the meantime; read it again and repeat the change."


class Unimplemented(DomainError):
    """The method does not exist."""

    code = 12
    reason = "UNKNOWN_METHOD"
    message = "There is no such method; see the published contract."


class Internal(DomainError):
    """Our fault. Carries nothing of the cause; the log has it under the request id."""

    code = 13


class Unavailable(DomainError):
    """A part the work needs is away for now (AIP-194: the one code that clients retry)."""

    code = 14
    reason = "UNAVAILABLE"
    message = "The service is not available right now; try again in a moment."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, retry_after=timedelta(seconds=1))


class Unauthenticated(DomainError):
    """No credential, or one that does not hold."""

    code = 16
    reason = "CREDENTIAL_MISSING"
    message = "Send an access token or an API key as `Authorization: Bearer …`."
