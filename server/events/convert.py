"""Rows to messages. Each kind of resource has its own part below."""

from google.protobuf.json_format import Parse

from server.core import ids
from server.events.queries.following import EventRow
from userdata.events.v1.event_pb2 import Event

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
    )
    Parse(row.data, message.data)
    return message
