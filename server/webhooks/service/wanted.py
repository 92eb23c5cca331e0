"""What an endpoint is to be: the fields of a request, checked as far as field rules cannot, as columns."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from server.core import events
from server.core.errors import FieldViolation, InvalidArgument
from server.webhooks import expressions, sealing
from server.webhooks.conf import RETRY_DELAYS, TIMEOUT_SECONDS
from server.webhooks.convert import endpoints as convert
from server.webhooks.convert.times import seconds_of
from server.webhooks.errors import EndpointHeaderForbidden
from server.webhooks.queries.rows import EndpointRow
from server.webhooks.sending.headers import HeaderForbidden, check_headers
from server.webhooks.sending.types import Auth, MutualTls, OAuth2
from server.webhooks.service import urls
from userdata.webhooks.v1.endpoint_pb2 import Endpoint

#: The fields of an endpoint that an update may change.
CHANGEABLE: Final = frozenset(
    {
        *("url", "description", "event_types", "filter", "channels", "headers", "retry_delays", "timeout"),
        *("rate_limit", "ordering", "format", "transformation", "auth", "labels"),
    }
)

#: The parts of `auth` that are never shown, and so may be left out of an update.
_SECRET_PARTS: Final = ("password", "token", "client_secret", "private_key")


def columns(endpoint_id: UUID, message: Endpoint, paths: Collection[str], before: EndpointRow | None) -> dict[str, Any]:
    """The columns of the endpoint that `paths` of `message` set; `before` is None for a new endpoint.

    What is sealed and stays the same is left out. Raises InvalidArgument, EndpointUrlForbidden,
    EndpointHeaderForbidden, ExpressionInvalid.
    """
    found: dict[str, Any] = {}
    for path in sorted(paths):
        found |= _READERS[path](message) if path in _READERS else _sealed(endpoint_id, message, path, before)
    has_authorization = found.get("auth_kind", before.auth_kind if before else "NONE") != "NONE"
    _require_headers(_headers_then(endpoint_id, found, before), has_authorization=has_authorization)
    return found


def _url(message: Endpoint) -> dict[str, Any]:
    if not message.url:
        raise _invalid("url", "is required")
    return {"url": message.url, "url_key": urls.require_allowed(message.url)}


def _filter(message: Endpoint) -> dict[str, Any]:
    if message.filter:
        expressions.filter_of(message.filter)
    return {"filter": message.filter}


def _transformation(message: Endpoint) -> dict[str, Any]:
    if message.transformation:
        expressions.transformation_of(message.transformation)
    return {"transformation": message.transformation}


def _retry_delays(message: Endpoint) -> dict[str, Any]:
    delays = [_whole(f"retry_delays[{at}]", seconds_of(d)) for at, d in enumerate(message.retry_delays)]
    return {"retry_delays": delays or list(RETRY_DELAYS)}


def _timeout(message: Endpoint) -> dict[str, Any]:
    is_set = message.HasField("timeout")
    return {"timeout_seconds": _whole("timeout", seconds_of(message.timeout)) if is_set else TIMEOUT_SECONDS}


def _whole(field: str, seconds: float) -> int:
    if not seconds.is_integer():
        raise _invalid(field, "must be whole seconds")
    return int(seconds)


_READERS: Final[Mapping[str, Callable[[Endpoint], dict[str, Any]]]] = {
    "url": _url,
    "description": lambda message: {"description": message.description},
    "event_types": lambda message: {"event_types": list(message.event_types)},
    "filter": _filter,
    "channels": lambda message: {"channels": list(message.channels)},
    "retry_delays": _retry_delays,
    "timeout": _timeout,
    "rate_limit": lambda message: {"rate_limit": message.rate_limit or None},
    "ordering": lambda message: {"ordering": convert.ordering_of(message.ordering)},
    "format": lambda message: {"format": convert.format_of(message.format)},
    "transformation": _transformation,
    "labels": lambda message: {"labels": dict(message.labels)},
}


def _sealed(endpoint_id: UUID, message: Endpoint, path: str, before: EndpointRow | None) -> dict[str, Any]:
    if path == "headers":
        former = sealing.open_headers(endpoint_id, before.headers) if before else {}
        headers = _headers(message.headers, former)
        return {} if before and headers == former else {"headers": sealing.seal_headers(endpoint_id, headers)}
    known = sealing.open_auth(endpoint_id, before.auth_kind, before.auth) if before else None
    auth = _auth(message, known)
    if before and auth == known:
        return {}
    kind, sealed = sealing.seal_auth(endpoint_id, auth)
    return {"auth_kind": kind, "auth": sealed}


def _headers(given: Mapping[str, str], former: Mapping[str, str]) -> dict[str, str]:
    """The headers with lower-case names; those that are only shown as masked keep what they hold."""
    headers: dict[str, str] = {}
    for name, value in given.items():
        lower = name.lower()
        if lower in headers:
            raise _invalid(f'headers["{name}"]', "is there twice, in another spelling")
        if value == events.MASK and lower not in former:
            raise _invalid(f'headers["{name}"]', "must be the value itself")
        if value != value.strip():
            raise _invalid(f'headers["{name}"]', "must not begin or end with white space")
        headers[lower] = former[lower] if value == events.MASK else value
    return headers


def _headers_then(endpoint_id: UUID, found: Mapping[str, Any], before: EndpointRow | None) -> Mapping[str, str]:
    sealed = found.get("headers", before.headers if before else b"")
    return sealing.open_headers(endpoint_id, sealed)


def _require_headers(headers: Mapping[str, str], *, has_authorization: bool) -> None:
    try:
        check_headers(headers)
    except HeaderForbidden as error:
        raise EndpointHeaderForbidden(header=error.header) from error
    for name in headers:
        if name.startswith("content-") or (has_authorization and name == "authorization"):
            raise EndpointHeaderForbidden(header=name)


def _auth(message: Endpoint, known: Auth | None) -> Auth:
    """What `message` says of authentication, with the secrets that it leaves out taken from what is `known`."""
    auth = convert.auth_of(message)
    for part in fields(auth):
        if part.name not in _SECRET_PARTS or getattr(auth, part.name):
            continue
        if not _serves(known, auth):
            raise _invalid(f"auth.{message.auth.WhichOneof('kind')}.{part.name}", "is required")
        auth = replace(auth, **{part.name: getattr(known, part.name)})
    if isinstance(auth, OAuth2):
        urls.require_allowed(auth.token_url)
    if isinstance(auth, MutualTls):
        _require_pair(auth)
    return auth


def _serves(known: Auth | None, auth: Auth) -> bool:
    """Whether a secret that is `known` may go on to `auth`: it is not sent to another token server unseen."""
    if isinstance(known, OAuth2) and isinstance(auth, OAuth2):
        return known.token_url == auth.token_url
    return type(known) is type(auth)


def _require_pair(auth: MutualTls) -> None:
    """Raise InvalidArgument unless the key is that of the first certificate."""
    try:
        certificate = x509.load_pem_x509_certificates(auth.certificate.encode())[0]
    except ValueError:
        raise _invalid("auth.mutual_tls.certificate", "must be PEM certificates") from None
    try:
        key = load_pem_private_key(auth.private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise _invalid("auth.mutual_tls.private_key", "must be a PEM private key without a passphrase") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if certificate.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise _invalid("auth.mutual_tls.private_key", "must belong to the first certificate")


def _invalid(field: str, description: str) -> InvalidArgument:
    return InvalidArgument(violations=[FieldViolation(f"endpoint.{field}", description)])
