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

A room's `errors.py` derives one class per reason of `userdata.api.v1.ErrorReason`. A message says in one or two
short sentences what is wrong and what to do; `{names}` in it are filled from the metadata.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from userdata.api.v1 import error_code_pb2
from userdata.api.v1.error_reason_pb2 import ErrorReason

_PREFIX = "ERROR_REASON_"
_OPTIONS: Final[list[tuple[str, Any]]] = [(v.name, v.GetOptions()) for v in ErrorReason.DESCRIPTOR.values]
#: Every published reason and the canonical code that it always comes with.
REASONS: Final[dict[str, int]] = {
    name.removeprefix(_PREFIX): options.Extensions[error_code_pb2.code] for name, options in _OPTIONS
}


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
    message: str = "Something went wrong on our side. Report it with the request id."
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
        if REASONS.get(self.reason) != self.code:
            raise ValueError(f"{self.reason} is not a userdata.api.v1.ErrorReason of code {self.code}")
        self.metadata = metadata
        self.retry_after = retry_after
        self.violations = tuple(violations)
        self.message = (message or self.message).format(**metadata)
        super().__init__(self.message)


class InvalidArgument(DomainError):
    """The request is wrong whatever the state of the system is."""

    code = 3
    reason = "VALIDATION_FAILED"
    message = "Correct the fields that are listed and send the request again."


class DeadlineExceeded(DomainError):
    """The work took longer than it may; what it had done was rolled back."""

    code = 4
    reason = "DEADLINE_EXCEEDED"
    message = "The call took too long. Read the state, or repeat it with the same idempotency key."


class NotFound(DomainError):
    """Not there, or not visible to the caller. The text is the same for both (AIP-211)."""

    code = 5
    reason = "NOT_FOUND"
    message = "Not found. Check the id and that you have access to it."


class AlreadyExists(DomainError):
    """The name, key or pair is already taken."""

    code = 6


class PermissionDenied(DomainError):
    """The caller is known and lacks the right."""

    code = 7
    reason = "PERMISSION_MISSING"
    message = "You need the permission {permission}. Ask an owner of the workspace for it."


class Exhausted(DomainError):
    """A limit is reached. `retry_after` tells when trying again can help."""

    code = 8
    reason = "LIMIT_REACHED"
    message = "A limit is reached. Remove something first."


class FailedPrecondition(DomainError):
    """The request is right, the state of the resource does not allow it."""

    code = 9


class Aborted(DomainError):
    """Somebody else changed the resource first (AIP-154)."""

    code = 10
    reason = "ETAG_MISMATCH"
    message = "The resource has changed since you read it. Read it again and repeat the change."


class Unimplemented(DomainError):
    """The method does not exist."""

    code = 12
    reason = "UNKNOWN_METHOD"
    message = "There is no such method. Check its name and that your stubs match this server."


class Internal(DomainError):
    """Our fault. Carries nothing of the cause; the log has it under the request id."""

    code = 13


class Unavailable(DomainError):
    """A part the work needs is away for now (AIP-194: the one code that clients retry)."""

    code = 14
    reason = "UNAVAILABLE"
    message = "The service is not available for the moment. Try again shortly."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, retry_after=timedelta(seconds=1))


class Unauthenticated(DomainError):
    """No credential, or one that does not hold."""

    code = 16
    reason = "CREDENTIAL_MISSING"
    message = "Sign in, or send an API key, as `Authorization: Bearer …`."
