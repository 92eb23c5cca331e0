"""Rows of deliveries and replays to messages, and the parts of messages that go into rows."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.core import ids
from server.webhooks.convert import moment
from server.webhooks.models import FINISHED_STATES, OPEN_STATES
from server.webhooks.queries import explaining
from server.webhooks.queries.deliveries import AttemptRow, DeliveryRow
from server.webhooks.queries.replays import ReplayRow, Selection
from userdata.webhooks.v1 import replay_pb2
from userdata.webhooks.v1.delivery_pb2 import Attempt, Delivery
from userdata.webhooks.v1.explanation_pb2 import Explanation
from userdata.webhooks.v1.replay_pb2 import Replay, ReplaySelection

#: What filters call a state, and what the database holds for it.
STATE_WORDS: Final = {f"DELIVERY_STATE_{word}": word for word in (*OPEN_STATES, *FINISHED_STATES)}
#: The states between attempts, in which the time of the next one says something.
_WAITING: Final = frozenset({"PENDING", "RETRYING"})
_CONFIGURATION: Final = "REPLAY_CONFIGURATION_"
_FILTER: Final = "REPLAY_STATE_FILTER_"


def delivery(row: DeliveryRow) -> Delivery:
    """A delivery as the contract shows it."""
    return Delivery(
        endpoint_id=ids.encode("whe", row.endpoint_id),
        event_id=ids.encode("evt", row.event_id),
        workspace_id=ids.encode("ws", row.workspace_id),
        event_type=row.type,
        state=f"DELIVERY_STATE_{row.state}",
        trigger=f"DELIVERY_TRIGGER_{row.trigger}",
        attempt_count=row.attempts,
        next_attempt_time=row.due_time if row.state in _WAITING else None,
        ordering_key=row.ordering_key or "",
        replay_id=_id("whr", row.replay_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def attempt(row: AttemptRow) -> Attempt:
    """An attempt as the contract shows it."""
    return Attempt(
        number=row.number,
        trigger=f"DELIVERY_TRIGGER_{row.trigger}",
        start_time=row.start_time,
        dns_duration=_duration(row.dns_ms),
        connect_duration=_duration(row.connect_ms),
        tls_duration=_duration(row.tls_ms),
        first_byte_duration=_duration(row.first_byte_ms),
        total_duration=_duration(row.total_ms),
        status_code=row.status,
        error=row.error,
        response_headers=row.response_headers,
        response_body=bytes(row.response_body),
        address=row.address,
    )


def explanation(found: explaining.Explanation) -> Explanation:
    """What became of an event at one endpoint."""
    return Explanation(
        endpoint_id=ids.encode("whe", found.endpoint_id),
        reason=f"REASON_{found.reason}",
        sentence=found.sentence,
        delivery=delivery(found.delivery) if found.delivery else None,
        last_attempt=attempt(found.last_attempt) if found.last_attempt else None,
        next_attempt_time=found.next_attempt_time,
        blocking_event_id=_id("evt", found.blocking_event_id),
        endpoint_deleted=found.is_deleted,
    )


def replay(row: ReplayRow) -> Replay:
    """A replay as the contract shows it."""
    selection = row.selection
    return Replay(
        id=ids.encode("whr", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        selection=ReplaySelection(
            start_time=selection.start_time,
            end_time=selection.end_time,
            event_types=selection.event_types,
            endpoint_id=_id("whe", row.endpoint_id),
            states=[f"{_FILTER}{state}" for state in selection.states],
        ),
        configuration=f"{_CONFIGURATION}{row.configuration}",
        rate_limit=row.rate_limit or 0,
        state=f"REPLAY_STATE_{row.state}",
        total_count=row.total,
        total_is_least=row.total_is_least,
        replayed_count=row.replayed,
        through_time=ids.time_of(row.through) if row.through else None,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def replay_preview(row: ReplayRow) -> Replay:
    """A replay that was only counted: it has no id."""
    message = replay(row)
    message.ClearField("id")
    message.ClearField("state")
    return message


def selection_of(message: ReplaySelection, *, now: datetime) -> Selection:
    """What `message` selects; without an end until `now`, and never beyond."""
    end = moment(message.end_time) if message.HasField("end_time") else now
    states = [replay_pb2.ReplayStateFilter.Name(state).removeprefix(_FILTER) for state in message.states]
    return Selection(
        start_time=moment(message.start_time),
        end_time=min(end, now),
        event_types=tuple(message.event_types),
        states=tuple(states or ("FAILED",)),
    )


def configuration_of(number: replay_pb2.ReplayConfiguration) -> str:
    """What the database calls the configuration; field rules have refused unknown numbers."""
    return replay_pb2.ReplayConfiguration.Name(number or replay_pb2.REPLAY_CONFIGURATION_NOW).removeprefix(
        _CONFIGURATION
    )


def _duration(milliseconds: float | None) -> Any:
    return None if milliseconds is None else timedelta(milliseconds=round(milliseconds, 3))


def _id(prefix: str, value: UUID | None) -> str:
    return ids.encode(prefix, value) if value else ""
