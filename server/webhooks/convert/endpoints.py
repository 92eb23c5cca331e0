"""Endpoints, their secrets and their statistics."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from server.core import etags, events, ids
from server.webhooks import latency, sealing
from server.webhooks.convert.times import milliseconds
from server.webhooks.models import FORMATS, ORDERINGS, SIGNATURES, STATES
from server.webhooks.queries.rows import EndpointRow, HourRow, LaneRow, SecretRow
from server.webhooks.sending.types import Auth, Basic, Bearer, MutualTls, NoAuth, OAuth2
from userdata.webhooks.v1 import endpoint_pb2
from userdata.webhooks.v1.endpoint_pb2 import (
    Endpoint,
    EndpointAuth,
    EndpointBasicAuth,
    EndpointBreaker,
    EndpointMutualTls,
    EndpointOAuth2,
)
from userdata.webhooks.v1.endpoint_service_pb2 import EndpointCounts, EndpointHour, EndpointSecret, EndpointStats

#: What filters call a state, and what the database holds for it.
STATE_WORDS: Final = {f"ENDPOINT_STATE_{word}": word for word in STATES}
_SIGNATURES: Final = ("HMAC_SHA256", *SIGNATURES)
_ORDERINGS: Final = ("NONE", *ORDERINGS)
_FORMATS: Final = ("PLAIN", *FORMATS)


def endpoint(row: EndpointRow, lane: LaneRow) -> Endpoint:
    """An endpoint as the contract shows it, without anything secret."""
    return Endpoint(
        id=ids.encode("whe", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        url=row.url,
        description=row.description,
        event_types=row.event_types,
        filter=row.filter,
        channels=row.channels,
        headers=dict.fromkeys(sealing.open_headers(row.id, row.headers), events.MASK),
        signature=f"ENDPOINT_SIGNATURE_{row.signature}",
        retry_delays=[timedelta(seconds=delay) for delay in row.retry_delays],
        timeout=timedelta(seconds=row.timeout_seconds),
        rate_limit=row.rate_limit or 0,
        ordering=f"ENDPOINT_ORDERING_{row.ordering}",
        format=f"ENDPOINT_FORMAT_{row.format}",
        transformation=row.transformation,
        auth=_shown(sealing.open_auth(row.id, row.auth_kind, row.auth)),
        state=f"ENDPOINT_STATE_{row.state}",
        state_reason=f"ENDPOINT_STATE_REASON_{row.state_reason}" if row.state_reason else None,
        breaker=_breaker(lane),
        labels=row.labels,
        verify_time=row.verify_time,
        etag=etags.of(row.id, row.revision),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def endpoint_preview(row: EndpointRow, lane: LaneRow) -> Endpoint:
    """An endpoint that was only tried: it has no id and no version."""
    message = endpoint(row, lane)
    message.ClearField("id")
    message.ClearField("etag")
    return message


def _breaker(lane: LaneRow) -> EndpointBreaker:
    is_open = lane.breaker == "OPEN"
    return EndpointBreaker(open=is_open, probe_time=lane.blocked_time if is_open else None)


def _shown(auth: Auth) -> EndpointAuth | None:
    """What `auth` says that is no secret."""
    match auth:
        case NoAuth():
            return None
        case Basic():
            return EndpointAuth(basic=EndpointBasicAuth(username=auth.username))
        case Bearer():
            return EndpointAuth(bearer={})
        case OAuth2():
            shown = EndpointOAuth2(token_url=auth.token_url, client_id=auth.client_id, scopes=auth.scope.split())
            return EndpointAuth(oauth2=shown)
        case MutualTls():
            return EndpointAuth(mutual_tls=EndpointMutualTls(certificate=auth.certificate))


def auth_of(message: Endpoint) -> Auth:
    """What `message` says of authentication. A secret that it leaves out is empty."""
    auth = message.auth
    match auth.WhichOneof("kind"):
        case "basic":
            return Basic(auth.basic.username, auth.basic.password)
        case "bearer":
            return Bearer(auth.bearer.token)
        case "oauth2":
            given = auth.oauth2
            return OAuth2(given.token_url, given.client_id, given.client_secret, " ".join(given.scopes))
        case "mutual_tls":
            return MutualTls(auth.mutual_tls.certificate, auth.mutual_tls.private_key)
    return NoAuth()


def signature_of(number: endpoint_pb2.EndpointSignature) -> str:
    """What the database calls the signature; field rules have refused unknown numbers."""
    return _SIGNATURES[number]


def ordering_of(number: endpoint_pb2.EndpointOrdering) -> str:
    """What the database calls the ordering."""
    return _ORDERINGS[number]


def format_of(number: endpoint_pb2.EndpointFormat) -> str:
    """What the database calls the format."""
    return _FORMATS[number]


def endpoint_secret(row: SecretRow, *, secret: str, public_key: str) -> EndpointSecret:
    """A secret as the contract shows it: one of `secret` and `public_key` is empty."""
    return EndpointSecret(
        id=ids.encode("whs", row.id),
        secret=secret,
        public_key=public_key,
        create_time=row.create_time,
        expire_time=row.expire_time,
    )


def endpoint_stats(rows: Sequence[HourRow]) -> EndpointStats:
    """How the attempts of some hours went, each and together."""
    return EndpointStats(
        total=_counts(rows),
        hours=[EndpointHour(start_time=row.hour, counts=_counts([row])) for row in rows],
    )


def _counts(rows: Sequence[HourRow]) -> EndpointCounts:
    succeeded, failed = sum(row.succeeded for row in rows), sum(row.failed for row in rows)
    latencies = latency.total([row.latencies for row in rows])
    attempts = succeeded + failed
    return EndpointCounts(
        succeeded=succeeded,
        failed=failed,
        success_rate=succeeded / attempts if attempts else 0,
        latency_p50=milliseconds(latency.quantile(latencies, 0.5)),
        latency_p95=milliseconds(latency.quantile(latencies, 0.95)),
    )
