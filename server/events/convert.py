"""Rows to messages, and the parts of messages that go into rows. Each kind of resource has its own part below."""

from dataclasses import dataclass
from uuid import UUID

from google.protobuf.json_format import Parse

from server.core import call, etags, ids, structs
from server.core.events import Draft, Published
from server.events.builtin import BuiltIn
from server.events.queries.catalogue import EventTypeRow, VersionRow
from server.events.queries.following import EventRow
from userdata.events.v1.event_pb2 import Event
from userdata.events.v1.event_type_pb2 import EventType, EventTypeVersion

# Events --------------------------------------------------------------------------------------------------------------


def event(row: EventRow) -> Event:
    """An event of the log."""
    message = Event(
        id=ids.encode("evt", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        type=row.type,
        subject=row.subject,
        channels=row.channels,
        ordering_key=row.ordering_key or "",
        sequence=row.sequence or 0,
        dedupe_key=row.dedupe_key or "",
        actor=row.actor,
        request_id=row.request_id,
        create_time=row.create_time,
        trace_parent=row.trace_parent,
    )
    Parse(row.data, message.data)
    return message


def event_id(message: Event) -> UUID:
    """The id of an event that was read."""
    return ids.decode("evt", message.id)


def draft(wanted: Event, data: str) -> Draft:
    """What is to be published; `data` is the event's data as JSON."""
    return Draft(
        wanted.type,
        wanted.subject,
        data,
        tuple(wanted.channels),
        wanted.ordering_key or None,
        wanted.dedupe_key or None,
    )


@dataclass(frozen=True, slots=True)
class Origin:
    """What all events of one call have in common."""

    workspace_id: str
    actor: str
    request_id: str
    trace_parent: str


def origin(workspace_id: UUID) -> Origin:
    """Where the events of the current call come from."""
    current = call.current()
    return Origin(ids.encode("ws", workspace_id), current.actor, current.request_id, current.trace_parent)


def published(wanted: Event, new: Published, common: Origin) -> Event:
    """A new event as it stands in the log."""
    message = Event()
    message.CopyFrom(wanted)
    message.id = ids.encode("evt", new.id)
    message.workspace_id = common.workspace_id
    message.sequence = new.sequence or 0
    message.actor = common.actor
    message.request_id = common.request_id
    message.trace_parent = common.trace_parent
    message.create_time.FromDatetime(new.create_time)
    return message


# Event types ---------------------------------------------------------------------------------------------------------


def event_type(row: EventTypeRow) -> EventType:
    """An event type of a workspace's own."""
    message = EventType(
        id=ids.encode("ety", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        name=row.name,
        description=row.description,
        version=row.version,
        labels=row.labels,
        create_time=row.create_time,
        update_time=row.update_time,
        archive_time=row.archive_time,
        etag=etags.of(row.id, row.revision),
    )
    Parse(row.schema, message.schema)
    message.examples.extend(structs.from_dict(example) for example in structs.loads(row.examples))
    return message


def built_in(known: BuiltIn) -> EventType:
    """An event type of the product."""
    return EventType(
        name=known.name,
        description=known.description,
        version=1,
        built_in=True,
        schema=structs.from_dict(known.schema),
        examples=[structs.from_dict(known.example)],
    )


def version(row: VersionRow) -> EventTypeVersion:
    """One schema of an event type of a workspace's own."""
    message = EventTypeVersion(version=row.version, create_time=row.create_time)
    Parse(row.schema, message.schema)
    message.examples.extend(structs.from_dict(example) for example in structs.loads(row.examples))
    return message


def built_in_version(known: BuiltIn) -> EventTypeVersion:
    """The schema of an event type of the product. It changes with the product's version only."""
    example = structs.from_dict(known.example)
    return EventTypeVersion(version=1, schema=structs.from_dict(known.schema), examples=[example])
