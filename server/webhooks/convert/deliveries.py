"""Deliveries, their attempts, and why there are none."""

from typing import Final
from uuid import UUID

from server.core import ids
from server.webhooks.convert.times import milliseconds
from server.webhooks.models import FINISHED_STATES, OPEN_STATES
from server.webhooks.queries import explaining
from server.webhooks.queries.deliveries import AttemptRow, DeliveryRow
from userdata.webhooks.v1.delivery_pb2 import Attempt, Delivery
from userdata.webhooks.v1.explanation_pb2 import Explanation

#: What filters call a state, and what the database holds for it.
STATE_WORDS: Final = {f"DELIVERY_STATE_{word}": word for word in (*OPEN_STATES, *FINISHED_STATES)}
#: The states between attempts, in which the time of the next one says something.
_WAITING: Final = frozenset({"PENDING", "RETRYING"})


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
        dns_duration=milliseconds(row.dns_ms),
        connect_duration=milliseconds(row.connect_ms),
        tls_duration=milliseconds(row.tls_ms),
        first_byte_duration=milliseconds(row.first_byte_ms),
        total_duration=milliseconds(row.total_ms),
        status_code=row.status,
        error=row.error,
        detail=row.detail,
        resent=row.resent,
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


def _id(prefix: str, value: UUID | None) -> str:
    return ids.encode(prefix, value) if value else ""
