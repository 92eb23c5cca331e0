"""What sending takes and gives: a target, an event, an outcome. The rest of the room speaks to `sending` in these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from typing import Final
from uuid import UUID

from server.core.outbound.settings import OutboundSettings

USER_AGENT: Final = f"Userdata-Webhooks/{version('userdata')}"


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The endpoint asks for nothing but the signature."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic (RFC 7617)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A fixed bearer token (RFC 6750)."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuth2:
    """OAuth 2.0 client credentials (RFC 6749 §4.4): the token is fetched, kept while it lasts, and fetched anew on 401.

    `scope` is the space-separated list of the specification, empty for none.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class MutualTls:
    """A client certificate: PEM texts of the chain, own certificate first, and of its unencrypted private key."""

    certificate: str
    private_key: str = field(repr=False)


Auth = NoAuth | Basic | Bearer | OAuth2 | MutualTls


@dataclass(frozen=True, slots=True)
class Target:
    """How and where an endpoint is sent to. Keep one per (endpoint, revision): the sender prepares each object once.

    `signature` is HMAC_SHA256 or ED25519; `secrets` are raw keys (32-byte seeds for ED25519), newest first, more than
    one during a rotation. `timeout` is in seconds and covers all of an attempt. `format` is PLAIN or CLOUDEVENTS.
    `transformation` is CEL text, empty for none.
    """

    endpoint_id: UUID
    workspace_id: UUID
    url: str
    headers: Mapping[str, str]
    signature: str
    secrets: tuple[bytes, ...] = field(repr=False)
    timeout: float
    format: str
    transformation: str
    auth: Auth


# Not frozen, as an Outcome is not: they are made for each delivery, and frozen fields cost three times as much to set.
@dataclass(slots=True)
class Outgoing:
    """The event. `data` is JSON text; `trace_parent` is the header of W3C Trace Context, empty for none."""

    event_id: UUID
    type: str
    subject: str
    workspace_id: UUID
    time: datetime
    data: str
    sequence: int | None
    ordering_key: str | None
    trace_parent: str


class ErrorKind(StrEnum):
    """Why an attempt did not succeed. Outcomes, rows and the contract use these words."""

    NONE = ""
    #: The receiver answered with something else than 2xx.
    HTTP_STATUS = "HTTP_STATUS"
    #: The endpoint's timeout passed, in whatever phase.
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
    #: The endpoint's transformation failed on this event.
    TRANSFORMATION = "TRANSFORMATION"
    #: No access token, signature or client certificate could be had.
    AUTHORIZATION = "AUTHORIZATION"
    #: A fault of ours, which the log tells of.
    INTERNAL = "INTERNAL"


@dataclass(slots=True)
class Outcome:
    """One attempt. Times are in milliseconds, None for a phase that did not take place (a kept connection has no DNS).

    `error` is an ErrorKind: empty on 2xx alone. `status` is None when no answer came. `response_body` holds at most
    16 KiB and `address` the peer's address, empty when none was dialled. `detail` is one sentence for the customer.
    `resent` says that the receiver may have got the request twice: it closed a kept connection while it was sent.
    """

    start: datetime
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float
    status: int | None
    error: str
    response_headers: Mapping[str, str]
    response_body: bytes
    address: str
    retry_after: timedelta | None
    detail: str = ""
    resent: bool = False


@dataclass(frozen=True, slots=True)
class SendingSettings(OutboundSettings):
    """What an installation allows, and what the product calls itself."""

    user_agent: str = USER_AGENT
