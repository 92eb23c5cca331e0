"""Taking what others send: verified, kept, and made an event, in one transaction that ends before the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.core import apikeys, clock, events, ids, structs, tenancy
from server.core.call import Call, serving
from server.core.errors import NotFound
from server.core.events import DedupeKeyReused, Draft
from server.core.principal import Kind, Principal
from server.events.service import catalogue
from server.webhooks import source_settings
from server.webhooks.errors import SourcePaused, SourcePayloadInvalid, SourceSignatureInvalid
from server.webhooks.queries import sources
from server.webhooks.queries.sources import ReceiptRow, SourceRow
from server.webhooks.service import source_payloads, source_verifying
from server.webhooks.service.source_payloads import Payload
from server.webhooks.service.sources import PREFIX
from server.webhooks.source_settings import SourceSettings
from server.workspaces.queries import workspaces

#: Refused bodies are kept so far, and so many of them a minute: whoever has the URL could send anything.
_REFUSED_BYTES: Final = 16 * 1024
_REFUSED_A_MINUTE: Final = 60
#: What the edge and gRPC add to what was sent.
_OURS: Final = frozenset(
    {
        *("content-type", "grpc-accept-encoding", "te", "traceparent", "tracestate", "x-client-address"),
        *("x-forwarded-for", "x-forwarded-proto", "x-request-id", "accept-encoding", "grpc-timeout", "connection"),
    }
)
_OUR_PREFIXES: Final = ("x-envoy-", "grpc-", ":")
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is answered with."""

    content_type: str = "application/json"
    body: bytes = b"{}"


def receive(caller: Call, token: str, content_type: str, body: bytes) -> Answer:
    """Take what was sent to the URL that ends with `token`.

    Raises NotFound, SourcePaused, SourceSignatureInvalid, SourcePayloadInvalid.
    """
    source = _source(token)
    headers = _headers(caller.metadata, content_type)
    settings = source_settings.unseal(source.id, source.settings)
    fault = source_verifying.fault(source.kind, settings, headers, body, clock.now())
    if fault:
        _keep_refused(source, settings, headers, body, fault)
        raise SourceSignatureInvalid
    try:
        payload = source_payloads.read(source.kind, settings, headers, content_type, body)
        if (answer := _greeting(source.kind, payload)) is not None:
            _keep(source, settings, headers, body)
            return answer
        event_id, repeated = _publish(caller, source, payload)
    except SourcePayloadInvalid as refusal:
        _keep_refused(source, settings, headers, body, refusal.message)
        raise
    _keep(source, settings, headers, body, outcome="DUPLICATE" if repeated else "ACCEPTED", event_id=event_id)
    return Answer()


def _source(token: str) -> SourceRow:
    """The source that the token leads to; the scope goes on in its workspace. Raises NotFound, SourcePaused."""
    row = sources.presented(apikeys.digests(token)) if apikeys.is_wellformed(PREFIX, token) else None
    if row is None or row.delete_time is not None:
        raise NotFound
    tenancy.enter(row.workspace_id)
    workspace = workspaces.get(row.workspace_id)
    if workspace is None or workspace.delete_time is not None:
        raise NotFound
    if row.state == "PAUSED":
        raise SourcePaused
    return row


def _headers(metadata: Mapping[str, str], content_type: str) -> dict[str, str]:
    """What the sender's own headers are; `content_type` is the body's, since the call has one of its own."""
    sent = {
        name: value
        for name, value in metadata.items()
        if name not in _OURS and not name.startswith(_OUR_PREFIXES) and not name.endswith("-bin")
    }
    return {**sent, "content-type": content_type}


def _greeting(kind: str, payload: Payload) -> Answer | None:
    """The answer to a sender who only tries the URL, of which no event is made."""
    if kind == "GITHUB" and payload.event == "ping":
        return Answer()
    if kind == "SLACK" and isinstance(payload.body, dict) and payload.body.get("type") == "url_verification":
        return Answer("text/plain", str(payload.body.get("challenge", "")).encode())
    return None


def _publish(caller: Call, source: SourceRow, payload: Payload) -> tuple[UUID | None, bool]:
    """The id of the event that the payload becomes, None if only its key is known, and whether it was there before."""
    data = payload.data
    refusal = catalogue.Types(source.workspace_id, {source.event_type}).refusal(source.event_type, data, at="event")
    if refusal is not None:
        raise SourcePayloadInvalid(_plain(refusal.message), violations=refusal.violations)
    subject = ids.encode("src", source.id)
    key = f"{subject}:{payload.key}" if payload.key else None
    draft = Draft(source.event_type, subject, structs.dumps(data), dedupe_key=key)
    sender = Principal(Kind.WORKSPACE_KEY, subject, workspace_id=source.workspace_id)
    with serving(replace(caller, principal=sender)):
        try:
            (published,) = events.publish_many([draft], workspace=source.workspace_id)
        except DedupeKeyReused:
            # The first one counts. A sender that says something else under the same id would only send it again.
            return None, True
    return published.id, published.repeated


def _keep(
    source: SourceRow,
    settings: SourceSettings,
    headers: Mapping[str, str],
    body: bytes,
    *,
    outcome: str = "ACCEPTED",
    error: str = "",
    event_id: UUID | None = None,
) -> None:
    receipt_id = ids.new_at(clock.now())
    masked = {*_SECRET_HEADERS, settings.header.lower()} if source.kind == "API_KEY" else _SECRET_HEADERS
    shown: dict[str, Any] = {name: events.MASK if name in masked else value for name, value in headers.items()}
    # The id tells in which partition the receipt is.
    moment = ids.time_of(receipt_id)
    sources.keep(ReceiptRow(receipt_id, source.workspace_id, source.id, moment, shown, body, outcome, error, event_id))


def _keep_refused(
    source: SourceRow, settings: SourceSettings, headers: Mapping[str, str], body: bytes, error: str
) -> None:
    since = clock.now() - timedelta(minutes=1)
    if sources.refused(source.workspace_id, source.id, since=since, most=_REFUSED_A_MINUTE) < _REFUSED_A_MINUTE:
        _keep(source, settings, headers, body[:_REFUSED_BYTES], outcome="REFUSED", error=error)


def _plain(message: str) -> str:
    """A message that is filled in already, as one that is about to be."""
    return message.replace("{", "{{").replace("}", "}}")
