"""The bodies of deliveries, put together from an event's JSON text, which is never parsed for it.

PLAIN is the payload of Standard Webhooks 1.0 with what else the event has. CLOUDEVENTS is CloudEvents 1.0 in structured
mode (JSON format 1.0); `sequence` and `partitionkey` are its documented extensions, `traceparent` that of Distributed
Tracing. A transformation gives the whole PLAIN body, so that receivers with a shape of their own can be served, and the
`data` of a CloudEvent, whose envelope stays.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from server.core import cel, ids
from server.webhooks.sending.expressions import EVENT, values_of
from server.webhooks.sending.types import Outgoing

PLAIN: Final = "PLAIN"
CLOUDEVENTS: Final = "CLOUDEVENTS"
CONTENT_TYPES: Final = {
    PLAIN: "application/json; charset=utf-8",
    CLOUDEVENTS: "application/cloudevents+json; charset=utf-8",
}

#: What a transformation may grow an event to.
MAX_BODY: Final = 1024 * 1024

_text = json.encoder.encode_basestring_ascii


class TransformationFailed(Exception):
    """The transformation has no result for this event, or one too large. One sentence for the customer."""


def body_of(event: Outgoing, *, message_id: str, format: str, transformation: str) -> bytes:  # noqa: A002
    """The body to send. Raises TransformationFailed."""
    data = _transformed(event, transformation) if transformation else event.data
    if format == CLOUDEVENTS:
        return _cloud_event(event, message_id, data)
    return data.encode() if transformation else _plain(event, message_id, data)


def _plain(event: Outgoing, message_id: str, data: str) -> bytes:
    more = (
        "" if event.ordering_key is None else f',"ordering_key":{_text(event.ordering_key)},"sequence":{_whole(event)}'
    )
    return (
        f'{{"id":"{message_id}","type":{_type(event.type)},"timestamp":"{_time(event.time)}",'
        f'"subject":{_text(event.subject)},"workspace_id":"{_workspace(event.workspace_id)}"{more},"data":{data}}}'
    ).encode()


def _cloud_event(event: Outgoing, message_id: str, data: str) -> bytes:
    # Attributes must not be empty, so what an event does not have is left out.
    more = f'"subject":{_text(event.subject)},' if event.subject else ""
    if event.ordering_key:
        # Sequences compare as text in the extension, so that of one key has leading zeros.
        more += f'"partitionkey":{_text(event.ordering_key)},"sequence":"{event.sequence or 0:020d}",'
    if event.trace_parent:
        more += f'"traceparent":{_text(event.trace_parent)},'
    return (
        f'{{"specversion":"1.0","id":"{message_id}","source":"/v1/workspaces/{_workspace(event.workspace_id)}",'
        f'"type":{_type(event.type)},"time":"{_time(event.time)}",{more}'
        f'"datacontenttype":"application/json","data":{data}}}'
    ).encode()


def _transformed(event: Outgoing, transformation: str) -> str:
    try:
        result = cel.compile(transformation, variables=EVENT).evaluate(values_of(event))
    except (cel.ExpressionInvalid, cel.EvaluationFailed) as error:
        raise TransformationFailed(str(error)) from error
    text = json.dumps(result, separators=(",", ":"))
    if len(text) > MAX_BODY:
        raise TransformationFailed(f"The transformation gives more than {MAX_BODY} bytes.")
    return text


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _whole(event: Outgoing) -> str:
    return "null" if event.sequence is None else str(event.sequence)


# One installation has few types and sends many events of the same workspace.
_type = lru_cache(maxsize=4096)(_text)


@lru_cache(maxsize=4096)
def _workspace(workspace_id: object) -> str:
    return ids.encode("ws", workspace_id)  # type: ignore[arg-type]
