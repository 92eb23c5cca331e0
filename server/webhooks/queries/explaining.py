"""What explains why an event went where it went."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core.db import Prepared, Slot, Statement, db
from server.core.models import Event
from server.events.models import EventFeed
from server.webhooks.models import Skip
from server.webhooks.pruning import bounds
from server.webhooks.queries.deliveries import AttemptRow, DeliveryRow


class Explanation(NamedTuple):
    """What became of an event at one endpoint: a word of the contract's `Reason`, a sentence and the facts."""

    endpoint_id: UUID
    reason: str
    sentence: str
    is_deleted: bool
    delivery: DeliveryRow | None = None
    last_attempt: AttemptRow | None = None
    next_attempt_time: datetime | None = None
    blocking_event_id: UUID | None = None


class EventRow(NamedTuple):
    """What of an event decides who gets it."""

    type: str
    channels: list[str]
    create_time: datetime


class EndpointThen(NamedTuple):
    """An endpoint as it is now, and what it was at a moment: that is None when it was not there yet."""

    endpoint_id: UUID
    state: str
    delete_time: datetime | None
    create_time: datetime
    breaker: str
    blocked_time: datetime | None
    then_state: str | None
    then_event_types: list[str] | None
    then_channels: list[str] | None


_EVENT: Final = Prepared(
    lambda: Event.select(Event.type, Event.channels, Event.create_time).where(
        (Event.workspace_id == Slot("workspace"))
        & (Event.id == Slot("event"))
        & (Event.create_time >= Slot("since"))
        & (Event.create_time <= Slot("until"))
    )
)

_THEN: Final = Statement("""
SELECT endpoint.id, endpoint.state, endpoint.delete_time, endpoint.create_time, lane.breaker,
    NULLIF(lane.blocked_time, 'infinity'), version.state, version.event_types, version.channels
FROM webhook_endpoint AS endpoint
JOIN webhook_lane AS lane ON lane.endpoint_id = endpoint.id
LEFT JOIN LATERAL (
    SELECT state, event_types, channels FROM webhook_endpoint_version AS version
    WHERE version.endpoint_id = endpoint.id AND version.create_time <= %s
    ORDER BY revision DESC LIMIT 1
) AS version ON true
WHERE endpoint.workspace_id = %s AND (endpoint.delete_time IS NULL OR endpoint.delete_time > %s)
ORDER BY endpoint.id DESC LIMIT %s
""")


def event(workspace_id: UUID, event_id: UUID) -> EventRow | None:
    """An event that is still kept."""
    since, until = bounds(event_id)
    row = _EVENT.row(workspace=workspace_id, event=event_id, since=since, until=until)
    return EventRow._make(row) if row else None


def feed_time(workspace_id: UUID, event_id: UUID) -> datetime | None:
    """When the event was handed out; None when that is still to come."""
    where = (EventFeed.workspace_id == workspace_id) & (EventFeed.event_id == event_id)
    where &= EventFeed.feed_time >= bounds(event_id)[0]
    query: Any = EventFeed.select(EventFeed.feed_time).where(where).tuples()
    return next((moment for (moment,) in query), None)


def endpoints(workspace_id: UUID, *, at: datetime, limit: int) -> list[EndpointThen]:
    """The endpoints of a workspace that live, or lived at a moment, the newest first."""
    rows = db.execute_sql(_THEN, (at, workspace_id, at, limit)).fetchall()
    return [EndpointThen._make(row) for row in rows]


def skips(workspace_id: UUID, event_id: UUID) -> dict[UUID, str]:
    """Why endpoints that subscribe to the event's type did not get it."""
    since, until = bounds(event_id)
    where = (Skip.workspace_id == workspace_id) & (Skip.event_id == event_id)
    where &= (Skip.event_time >= since) & (Skip.event_time <= until)
    query: Any = Skip.select(Skip.endpoint_id, Skip.reason).where(where).tuples()
    return dict(iter(query))


_BLOCKERS: Final = Statement("""
SELECT waiting.endpoint_id, first.event_id
FROM webhook_open_delivery AS waiting, LATERAL (
    SELECT event_id FROM webhook_open_delivery AS ahead
    WHERE ahead.endpoint_id = waiting.endpoint_id AND ahead.ordering_key = waiting.ordering_key
        AND ahead.event_id <> waiting.event_id AND (ahead.due_time < 'infinity' OR ahead.position < waiting.position)
    ORDER BY position LIMIT 1
) AS first
WHERE waiting.workspace_id = %s AND waiting.event_id = %s AND waiting.endpoint_id = ANY (%s::uuid[])
    AND waiting.ordering_key IS NOT NULL AND waiting.due_time = 'infinity'
""")


def blockers(workspace_id: UUID, event_id: UUID, waiting_at: Collection[UUID]) -> dict[UUID, UUID]:
    """By endpoint, the event that has to be delivered before the one that waits there."""
    if not waiting_at:
        return {}
    return dict(db.execute_sql(_BLOCKERS, (workspace_id, event_id, list(waiting_at))).fetchall())
