"""An event as expressions of definitions have it: the filters and inputs of triggers, and the matches of waits."""

from typing import Any

from server.core import cel, ids
from server.events.service.draining import Drained


def of(event: Drained) -> dict[str, Any]:
    """The variable `event`, as JSON; without an ordering key both it and the sequence are null."""
    time = cel.as_json(event.event_time)
    return {
        "id": ids.encode("evt", event.event_id),
        "type": event.type,
        "subject": event.subject,
        "workspace_id": ids.encode("ws", event.workspace_id),
        "actor": event.actor,
        "channels": list(event.channels),
        "time": time,
        "create_time": time,
        "ordering_key": event.ordering_key,
        "sequence": event.sequence,
        "data": cel.load(event.data),
    }
