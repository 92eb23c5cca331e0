"""Trying an endpoint with an event of its own."""

import json
from typing import Final
from uuid import UUID

from google.protobuf.json_format import MessageToJson

from server.core import call, clock, ids
from server.core.call import Call
from server.events import builtin
from server.webhooks.errors import EndpointDisabled, EndpointPaused, ExampleMissing
from server.webhooks.queries import lanes, testing
from server.webhooks.queries.rows import EndpointRow
from server.webhooks.service import endpoints
from userdata.webhooks.v1.webhook_events_pb2 import WebhookTest

TYPE: Final = "webhook.test"
_SENTENCE: Final = "This event was sent to try the endpoint."


def send(caller: Call, endpoint_id: UUID, *, event_type: str) -> UUID:
    """The id of a new event that is delivered to this endpoint alone.

    Raises NotFound, EndpointPaused, EndpointDisabled, ExampleMissing.
    """
    endpoint, _ = endpoints.get(caller.workspace, endpoint_id)
    _require_active(endpoint)
    event_type = event_type or TYPE
    data = _data(endpoint, event_type)
    event_id = ids.new_at(clock.now())
    subject = ids.encode("whe", endpoint.id)
    current = call.current()
    origin = (current.actor, current.request_id, current.trace_parent)
    event = (event_id, ids.time_of(event_id), endpoint.workspace_id, event_type, subject, data, *origin)
    testing.send(*event, endpoint.id)
    lanes.wake([endpoint.id], now=clock.now())
    return event_id


def _require_active(endpoint: EndpointRow) -> None:
    name = ids.encode("whe", endpoint.id)
    if endpoint.state == "PAUSED":
        raise EndpointPaused(endpoint_id=name)
    if endpoint.state == "DISABLED":
        raise EndpointDisabled(endpoint_id=name)


def _data(endpoint: EndpointRow, event_type: str) -> str:
    if event_type == TYPE:
        test = WebhookTest(endpoint_id=ids.encode("whe", endpoint.id), message=_SENTENCE)
        return MessageToJson(test, indent=None)
    if event_type in builtin.TYPES:
        return json.dumps(builtin.TYPES[event_type].example)
    found = testing.example(endpoint.workspace_id, event_type)
    if found is None or not found[1]:
        raise ExampleMissing(type=event_type)
    return json.dumps(found[1][0])
