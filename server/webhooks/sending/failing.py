"""What went wrong with an attempt, told in words of the contract and in a sentence that names no address."""

import errno
import ssl
from typing import Final

import aiohttp

from server.webhooks.sending.auth import AuthorizationUnavailable
from server.webhooks.sending.bodies import TransformationFailed
from server.webhooks.sending.guard import AddressForbidden, UrlForbidden
from server.webhooks.sending.types import ErrorKind

# The first that fits counts, so each stands before what it derives from.
_KINDS: Final[tuple[tuple[type[BaseException], ErrorKind, str], ...]] = (
    (TimeoutError, ErrorKind.TIMEOUT, "The receiver did not answer in time."),
    (aiohttp.ClientConnectorDNSError, ErrorKind.DNS, "The host has no address."),
    (aiohttp.ClientConnectorCertificateError, ErrorKind.TLS, "The receiver's certificate does not hold."),
    (aiohttp.ClientSSLError, ErrorKind.TLS, "No TLS connection came about."),
    (aiohttp.ClientConnectorError, ErrorKind.CONNECT, "No connection came about."),
    (aiohttp.ClientOSError, ErrorKind.RESET, "The receiver ended the connection without an answer."),
    (aiohttp.ServerConnectionError, ErrorKind.RESET, "The receiver ended the connection without an answer."),
    (aiohttp.ClientPayloadError, ErrorKind.RESET, "The receiver ended the connection in its answer."),
    (aiohttp.ClientError, ErrorKind.PROTOCOL, "The receiver's answer is not HTTP."),
)
_OUR_SIDE: Final = "Something went wrong on our side."
#: No files or memory left: no receiver is to blame.
_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_SPOKEN: Final[tuple[tuple[type[BaseException], ErrorKind], ...]] = (
    (UrlForbidden, ErrorKind.FORBIDDEN_ADDRESS),
    (TransformationFailed, ErrorKind.TRANSFORMATION),
    (AuthorizationUnavailable, ErrorKind.AUTHORIZATION),
)


def told(error: BaseException) -> tuple[ErrorKind, str]:
    """The kind of `error` and the sentence for the customer."""
    for spoken, kind in _SPOKEN:
        if isinstance(error, spoken):
            return kind, str(error)
    causes = [error, getattr(error, "os_error", None), error.__cause__]
    forbidden = next((cause for cause in causes if isinstance(cause, AddressForbidden)), None)
    if forbidden is not None:
        return ErrorKind.FORBIDDEN_ADDRESS, str(forbidden.strerror)
    if any(isinstance(cause, ssl.SSLError) for cause in causes) and not isinstance(error, aiohttp.ClientSSLError):
        # A receiver that misses a client certificate says so after the handshake.
        return ErrorKind.TLS, "The receiver ended the TLS connection."
    if any(isinstance(cause, OSError) and cause.errno in _OURS for cause in causes):
        return ErrorKind.INTERNAL, _OUR_SIDE
    for family, kind, sentence in _KINDS:
        if isinstance(error, family):
            return kind, sentence
    return ErrorKind.INTERNAL, _OUR_SIDE


def without_answer(error: aiohttp.ClientError) -> bool:
    """Whether the connection ended before anything of an answer was there."""
    return not isinstance(error, aiohttp.ServerDisconnectedError) or isinstance(error.message, str)
