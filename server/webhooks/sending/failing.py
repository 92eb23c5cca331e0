"""What went wrong with an attempt, told in words of the contract and in a sentence that names no address."""

from typing import Final

from server.core.outbound import failing
from server.webhooks.sending.auth import AuthorizationUnavailable
from server.webhooks.sending.bodies import TransformationFailed
from server.webhooks.sending.types import ErrorKind

_SPOKEN: Final[tuple[tuple[type[BaseException], ErrorKind], ...]] = (
    (TransformationFailed, ErrorKind.TRANSFORMATION),
    (AuthorizationUnavailable, ErrorKind.AUTHORIZATION),
)


def told(error: BaseException) -> tuple[ErrorKind, str]:
    """The kind of `error` and the sentence for the customer."""
    for spoken, kind in _SPOKEN:
        if isinstance(error, spoken):
            return kind, str(error)
    fault, sentence = failing.told(error)
    return ErrorKind(fault.value), sentence
