"""What a request comes to: an answer, or why there is none. To speak of it costs no client."""

from dataclasses import dataclass
from enum import StrEnum

from multidict import CIMultiDictProxy


class Fault(StrEnum):
    """Why no answer came."""

    #: The time was over, in whatever phase.
    TIMEOUT = "TIMEOUT"
    #: The host has no address.
    DNS = "DNS"
    #: No connection came about: refused, unreachable.
    CONNECT = "CONNECT"
    #: The TLS handshake failed or the certificate does not hold.
    TLS = "TLS"
    #: The host has an address that may not be dialled, or the URL may not be sent to.
    FORBIDDEN_ADDRESS = "FORBIDDEN_ADDRESS"
    #: The connection ended before an answer came.
    RESET = "RESET"
    #: The answer is not HTTP.
    PROTOCOL = "PROTOCOL"
    #: A fault of ours.
    INTERNAL = "INTERNAL"


class RequestFailed(Exception):
    """No answer came, or none that can be used. The text is one sentence for the customer."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


class AnswerTooLarge(Exception):
    """The answer is longer than was to be read."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
