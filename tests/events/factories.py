"""Events and event types for tests, through the API that customers use."""

from typing import Any

from server.core import structs
from server.workspaces.models import Workspace
from tests.accounts.factories import Person
from tests.workspaces.factories import by, ws
from userdata.events.v1 import event_service_pb2, event_type_service_pb2
from userdata.events.v1.event_pb2 import Event
from userdata.events.v1.event_type_pb2 import EventType

EVENTS = "userdata.events.v1.EventService/"
TYPES = "userdata.events.v1.EventTypeService/"
ORDER = {
    "type": "object",
    "required": ["amount"],
    "properties": {
        "amount": {"type": "integer", "minimum": 0},
        "lines": {"type": "array", "items": {"type": "object"}},
    },
}


def event(**values: Any) -> Event:
    """An event to publish; `data` is an object."""
    data = values.pop("data", {"amount": 4200})
    return Event(**{"type": "order.paid", "subject": "order_1"} | values, data=structs.from_dict(data))


def event_type(**values: Any) -> EventType:
    """An event type to create; `schema` and `examples` are objects."""
    schema, examples = values.pop("schema", None), values.pop("examples", [])
    message = EventType(**{"name": "order.paid"} | values)
    if schema is not None:
        message.schema.update(schema)
    message.examples.extend(structs.from_dict(example) for example in examples)
    return message


def make_type(person: Person, workspace: Workspace, **values: Any) -> EventType:
    """An event type of the workspace's own."""
    request = event_type_service_pb2.CreateEventTypeRequest(workspace_id=ws(workspace), event_type=event_type(**values))
    made: EventType = by(person)(TYPES + "CreateEventType", request)
    return made


def publish(person: Person, workspace: Workspace, **values: Any) -> Event:
    """A published event."""
    request = event_service_pb2.PublishEventRequest(workspace_id=ws(workspace), event=event(**values))
    published: Event = by(person)(EVENTS + "PublishEvent", request)
    return published


def publish_all(person: Person, workspace: Workspace, *wanted: Event) -> list[Event]:
    """Events published in one call."""
    request = event_service_pb2.BatchPublishEventsRequest(workspace_id=ws(workspace), events=wanted)
    return list(by(person)(EVENTS + "BatchPublishEvents", request).events)


def list_events(person: Person, workspace: Workspace, **values: Any) -> event_service_pb2.ListEventsResponse:
    """A page of events."""
    request = event_service_pb2.ListEventsRequest(workspace_id=ws(workspace), **values)
    response: event_service_pb2.ListEventsResponse = by(person)(EVENTS + "ListEvents", request)
    return response
