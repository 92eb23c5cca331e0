"""What the expressions of endpoints see of an event."""

from typing import Any, Final

from server.core import cel, ids
from server.core.cel import Kind, Variables
from server.webhooks.sending.types import Outgoing

#: Filters and transformations name `event` and these fields of it.
EVENT: Final = Variables(
    {
        "event": {
            "id": Kind.STRING,
            "type": Kind.STRING,
            "subject": Kind.STRING,
            "workspace_id": Kind.STRING,
            "time": Kind.TIME,
            "ordering_key": Kind.STRING,
            "sequence": Kind.INT,
            "data": Kind.JSON,
        }
    }
)


def values_of(event: Outgoing) -> dict[str, dict[str, Any]]:
    """The values of EVENT for one event; without an ordering key both it and the sequence are null."""
    return {
        "event": {
            "id": ids.encode("evt", event.event_id),
            "type": event.type,
            "subject": event.subject,
            "workspace_id": ids.encode("ws", event.workspace_id),
            "time": event.time,
            "ordering_key": event.ordering_key,
            "sequence": event.sequence,
            "data": cel.load(event.data),
        }
    }
