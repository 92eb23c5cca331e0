"""Telling why an event went where it went, endpoint by endpoint.

What a delivery says comes first; where there is none, what the fan-out noted; where it noted nothing, what the endpoint
was at that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import clock
from server.core.errors import NotFound
from server.webhooks.queries import deliveries, explaining
from server.webhooks.queries.deliveries import AttemptRow, DeliveryRow
from server.webhooks.queries.explaining import EndpointThen, EventRow, Explanation
from server.webhooks.service.listing import matching
from server.webhooks.service.recording import EXPIRED

MOST_ENDPOINTS: Final = 1000
_FINISHED: Final = {"SUCCEEDED": "DELIVERED", "FAILED": "FAILED", "CANCELLED": "CANCELLED"}


@dataclass(frozen=True)
class _Facts:
    """All that is known of the event. `event` is None when it is past its retention."""

    now: datetime
    event: EventRow | None
    feed_time: datetime | None
    deliveries: Mapping[UUID, DeliveryRow]
    attempts: Mapping[UUID, AttemptRow]
    skips: Mapping[UUID, str]
    blockers: Mapping[UUID, UUID]


def explain(workspace_id: UUID, event_id: UUID) -> tuple[datetime | None, list[Explanation]]:
    """When the event was handed out, and what became of it at each endpoint. Raises NotFound."""
    found = deliveries.page_of_event(workspace_id, event_id, after=None, limit=MOST_ENDPOINTS)
    event = explaining.event(workspace_id, event_id)
    if event is None and not found:
        raise NotFound
    now = clock.now()
    feed_time = explaining.feed_time(workspace_id, event_id)
    waiting = [row.endpoint_id for row in found if not row.is_finished and row.due_time is None]
    tried = [row.endpoint_id for row in found if row.attempts]
    facts = _Facts(
        now,
        event,
        feed_time,
        {row.endpoint_id: row for row in found},
        deliveries.last_attempts(workspace_id, event_id, endpoints=tried),
        explaining.skips(workspace_id, event_id),
        explaining.blockers(workspace_id, event_id, waiting),
    )
    endpoints = explaining.endpoints(workspace_id, at=feed_time or now, limit=MOST_ENDPOINTS)
    return feed_time, [_explanation(endpoint, facts) for endpoint in endpoints]


def _explanation(endpoint: EndpointThen, facts: _Facts) -> Explanation:
    row = facts.deliveries.get(endpoint.endpoint_id)
    reason, sentence, next_time = _undelivered(endpoint, facts) if row is None else _state(endpoint, row, facts)
    return Explanation(
        endpoint.endpoint_id,
        reason,
        sentence,
        endpoint.delete_time is not None,
        row,
        facts.attempts.get(endpoint.endpoint_id),
        next_time,
        facts.blockers.get(endpoint.endpoint_id) if reason == "WAITING_FOR_ORDER" else None,
    )


_Verdict = tuple[str, str, datetime | None]


def _state(endpoint: EndpointThen, row: DeliveryRow, facts: _Facts) -> _Verdict:
    """What a delivery tells."""
    attempt = facts.attempts.get(endpoint.endpoint_id)
    is_expired = attempt is not None and attempt.error == EXPIRED
    if row.is_finished and not is_expired:
        return _FINISHED[row.state], _ended(row, attempt), None
    if facts.event is None or is_expired:
        return "EXPIRED", "The event is past its retention and was not delivered before.", None
    if row.is_claimed(facts.now):
        return "DELIVERING", f"Attempt {row.attempts + 1} is being made.", None
    if endpoint.state == "PAUSED":
        return "HELD_PAUSED", "The endpoint is paused. The event is sent once it is resumed.", None
    if row.due_time is None:
        return "WAITING_FOR_ORDER", "An earlier event with the same ordering key is not finished.", None
    return _open(endpoint, row, attempt, facts.now)


def _open(endpoint: EndpointThen, row: DeliveryRow, attempt: AttemptRow | None, now: datetime) -> _Verdict:
    """What an open delivery waits for that is not claimed and has its turn."""
    due = row.due_time or now
    blocked = endpoint.blocked_time
    is_blocked = blocked is not None and blocked > max(due, now)
    next_time = max(due, blocked) if blocked else due
    when = _told(next_time)
    if is_blocked and endpoint.breaker == "OPEN":
        sentence = f"The endpoint failed so often lately that it is only probed for now. It is tried again at {when}."
        return "BREAKER_OPEN", sentence, next_time
    if is_blocked:
        return (
            "THROTTLED",
            f"The endpoint takes no more for the moment. The next attempt can be made at {when}.",
            next_time,
        )
    if attempt is not None and due > now:
        sentence = f"{_failure(attempt)}; the next one is due at {when}."
        return "RETRYING", sentence, next_time
    return "PENDING", "The event is due and will be sent at once.", next_time


def _ended(row: DeliveryRow, attempt: AttemptRow | None) -> str:
    if row.state == "SUCCEEDED":
        status = f" with status {attempt.status}" if attempt is not None else ""
        return f"The endpoint answered{status} to attempt {row.attempts} at {_told(row.update_time)}."
    if row.state == "CANCELLED":
        attempts = "1 attempt" if row.attempts == 1 else f"{row.attempts} attempts"
        return f"The delivery was cancelled at {_told(row.update_time)}, after {attempts}."
    if attempt is None:
        return f"The delivery failed at {_told(row.update_time)} before an attempt was made."
    return f"{_failure(attempt)}; it was the last one."


def _failure(attempt: AttemptRow) -> str:
    status = f" {attempt.status}" if attempt.status is not None else ""
    return f"Attempt {attempt.number} failed ({attempt.error}{status})"


#: What a fan-out noted, in a sentence.
_SKIPS: Final = {
    "FILTERED": "The endpoint's filter was false for the event.",
    "FILTER_FAILED": "The endpoint's filter could not be evaluated for the event.",
    "DISABLED": "The endpoint was disabled when the event was handed out.",
}


def _undelivered(endpoint: EndpointThen, facts: _Facts) -> _Verdict:
    """Why there is no delivery."""
    reason, sentence = _unmatched(endpoint, facts)
    return reason, sentence, None


def _unmatched(endpoint: EndpointThen, facts: _Facts) -> tuple[str, str]:
    if facts.event is None:
        return "EXPIRED", "The event is past its retention."
    if facts.feed_time is None and facts.deliveries:
        # Only what tries an endpoint is delivered without being handed out.
        return "TEST_OF_ANOTHER", "The event was sent to try another endpoint, and goes to that one alone."
    if facts.feed_time is None:
        return "NOT_DRAINED_YET", "The event was not handed out yet; that takes some milliseconds."
    skip = facts.skips.get(endpoint.endpoint_id)
    if skip is not None:
        return skip, _SKIPS[skip]
    return _mismatch(endpoint, facts.event)


def _mismatch(endpoint: EndpointThen, event: EventRow) -> tuple[str, str]:
    """What of the endpoint, as it was then, did not fit the event."""
    types, channels = endpoint.then_event_types, endpoint.then_channels
    if types is None or channels is None:
        return "CREATED_LATER", f"The endpoint was created at {_told(endpoint.create_time)}, after the event."
    if types and not set(types).intersection(matching(event.type)):
        return "NOT_SUBSCRIBED", f"The endpoint subscribed to {', '.join(types)}, not to {event.type}."
    if channels and not set(channels).intersection(event.channels):
        return "CHANNEL_MISMATCH", f"The endpoint listened to {', '.join(channels)}; the event was for none of them."
    if endpoint.then_state == "DISABLED":
        return "DISABLED", _SKIPS["DISABLED"]
    return "MISSING", "The endpoint matched and no delivery is there. Replay the event to make one."


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
