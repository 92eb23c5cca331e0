"""Publishing an event for one endpoint alone."""

from typing import Any, Final
from uuid import UUID

from server.core.db import Statement, db
from server.events.models import EventType, EventTypeVersion

# The event is not left pending: no drain takes it, so it reaches no other endpoint.
_SEND: Final = Statement("""
WITH new (id, create_time, workspace_id, type) AS (VALUES (%s::uuid, %s::timestamptz, %s::uuid, %s)),
appended AS (
    INSERT INTO event (id, create_time, workspace_id, type, subject, data, actor, request_id, trace_parent)
    SELECT id, create_time, workspace_id, type, %s, %s::jsonb, %s, %s, %s FROM new
)
INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, due_time, state,
    trigger, attempts, tries, create_time, update_time)
SELECT %s::uuid, id, create_time, workspace_id, type, 0, create_time, 'PENDING', 'TEST', 0, 0, create_time, create_time
FROM new
""")


def send(*values: Any) -> None:
    """Append an event and open its delivery.

    `values` are the event's id, time, workspace, type, subject, JSON text, actor, request id and trace, and the
    endpoint's id.
    """
    db.execute_sql(_SEND, values)


def example(workspace_id: UUID, event_type: str) -> tuple[str, Any] | None:
    """The name of a type of the workspace's own and the examples of its latest version."""
    version = EventTypeVersion
    is_latest = (version.event_type == EventType.id) & (version.version == EventType.version)
    query = EventType.select(EventType.name, version.examples).join(version, on=is_latest)
    rows: Any = query.where((EventType.workspace == workspace_id) & (EventType.name == event_type)).tuples()
    return next(iter(rows), None)
