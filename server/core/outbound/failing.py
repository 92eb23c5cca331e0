"""What went wrong with a request, told in a word and in a sentence that names no address."""

import errno
import ssl
from typing import Final

import aiohttp

from server.core.outbound.answering import Fault
from server.core.outbound.guard import AddressForbidden, UrlForbidden

# The first that fits counts, so each stands before what it derives from.
_KINDS: Final[tuple[tuple[type[BaseException], Fault, str], ...]] = (
    (TimeoutError, Fault.TIMEOUT, "The receiver did not answer in time."),
    (aiohttp.ClientConnectorDNSError, Fault.DNS, "The host has no address."),
    (aiohttp.ClientConnectorCertificateError, Fault.TLS, "The receiver's certificate does not hold."),
    (aiohttp.ClientSSLError, Fault.TLS, "No TLS connection came about."),
    (aiohttp.ClientConnectorError, Fault.CONNECT, "No connection came about."),
    (aiohttp.ClientOSError, Fault.RESET, "The receiver ended the connection without an answer."),
    (aiohttp.ServerConnectionError, Fault.RESET, "The receiver ended the connection without an answer."),
    (aiohttp.ClientPayloadError, Fault.RESET, "The receiver ended the connection in its answer."),
    (aiohttp.ClientError, Fault.PROTOCOL, "The receiver's answer is not HTTP."),
)
_OUR_SIDE: Final = "Something went wrong on our side."
#: No files or memory left: no receiver is to blame.
_OURS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def told(error: BaseException) -> tuple[Fault, str]:
    """The kind of `error` and the sentence for the customer."""
    if isinstance(error, UrlForbidden):
        return Fault.FORBIDDEN_ADDRESS, str(error)
    causes = [error, getattr(error, "os_error", None), error.__cause__]
    forbidden = next((cause for cause in causes if isinstance(cause, AddressForbidden)), None)
    if forbidden is not None:
        return Fault.FORBIDDEN_ADDRESS, str(forbidden.strerror)
    if any(isinstance(cause, ssl.SSLError) for cause in causes) and not isinstance(error, aiohttp.ClientSSLError):
        # A receiver that misses a client certificate says so after the handshake.
        return Fault.TLS, "The receiver ended the TLS connection."
    if any(isinstance(cause, OSError) and cause.errno in _OURS for cause in causes):
        return Fault.INTERNAL, _OUR_SIDE
    for family, kind, sentence in _KINDS:
        if isinstance(error, family):
            return kind, sentence
    return Fault.INTERNAL, _OUR_SIDE


def without_answer(error: aiohttp.ClientError) -> bool:
    """Whether the connection ended before anything of an answer was there."""
    return not isinstance(error, aiohttp.ServerDisconnectedError) or isinstance(error.message, str)
