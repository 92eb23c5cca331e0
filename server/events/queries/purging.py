"""Deleting what a workspace leaves beside the log, and dedupe keys whose events are gone, some at a time."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import batches
from server.core.models import EventDedupe, EventSequence
from server.events.models import EventType, EventTypeVersion

#: The log, the feed and what waits for the drain are not here: their partitions are dropped when their time is over.
_TABLES: Final = (
    (EventTypeVersion, EventTypeVersion.workspace, EventTypeVersion.event_type),
    (EventType, EventType.workspace, EventType.id),
    (EventSequence, EventSequence.workspace_id, EventSequence.ordering_key),
    (EventDedupe, EventDedupe.workspace_id, EventDedupe.dedupe_key),
)


def delete_some(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows that belong to the workspace; gives how many, 0 when none is left."""
    for model, owner, oldest in _TABLES:
        deleted = batches.delete_some(model, owner == workspace_id, oldest=oldest, limit=limit)
        if deleted:
            return deleted
    return 0


def forget_dedupe_keys(before: datetime, limit: int) -> int:
    """Delete at most `limit` dedupe keys of events from before this time; gives how many."""
    where = EventDedupe.event_time < before
    return batches.delete_some(EventDedupe, where, oldest=EventDedupe.event_time, limit=limit)
