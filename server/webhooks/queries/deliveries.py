"""Reading deliveries: what is open and what is finished, as one list, and the attempts.

A delivery stands in exactly one of two tables. Each statement reads both, so that it sees one that moves meanwhile
once. Ids of events carry their time: with its bounds, only partitions that can hold the rows are looked at.
"""

# ruff: noqa: S608 - statements are put together of this module's own words

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.core import arrays, ids
from server.core.db import Prepared, Slot, Statement, db
from server.core.models import Model
from server.webhooks.models import FINISHED_STATES, OPEN_STATES, Attempt, Delivery, OpenDelivery
from server.webhooks.pruning import EPOCH, SLACK, bounds, first_id

_UNSUCCESSFUL: Final = frozenset({"FAILED", "CANCELLED"})
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


class DeliveryRow(NamedTuple):
    """A delivery, open or finished. `due_time` is None when it is finished, or waits for another to end."""

    endpoint_id: UUID
    event_id: UUID
    event_time: datetime
    workspace_id: UUID
    type: str
    position: int
    ordering_key: str | None
    state: str
    trigger: str
    attempts: int
    revision: int | None
    replay_id: UUID | None
    create_time: datetime
    update_time: datetime
    due_time: datetime | None
    lease_time: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether no attempt will be made any more."""
        return self.state in FINISHED_STATES

    def is_claimed(self, now: datetime) -> bool:
        """Whether an attempt is being made."""
        return self.state == "DELIVERING" and self.lease_time is not None and self.lease_time > now


class AttemptRow(NamedTuple):
    """A row of `webhook_attempt` without the delivery that it belongs to."""

    number: int
    trigger: str
    start_time: datetime
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float
    status: int | None
    error: str
    response_headers: dict[str, Any]
    response_body: bytes
    address: str
    detail: str
    resent: bool


@dataclass(frozen=True)
class Wanted:
    """Which deliveries a list shows: their states, types (None for all), types that it leaves out, and times."""

    states: frozenset[str] = frozenset((*OPEN_STATES, *FINISHED_STATES))
    types: frozenset[str] | None = None
    other_types: frozenset[str] = frozenset()
    since: datetime = EPOCH
    before: datetime = _LATEST


_SHARED: Final = DeliveryRow._fields[:-2]
_OPEN: Final = (
    *(getattr(OpenDelivery, name) for name in _SHARED),
    # Infinity has no place in a datetime.
    peewee.fn.NULLIF(OpenDelivery.due_time, peewee.SQL("'infinity'::timestamptz")).alias("due_time"),
    OpenDelivery.lease_time,
)
_FINISHED: Final = (
    *(getattr(Delivery, name) for name in _SHARED),
    peewee.SQL("NULL::timestamptz AS due_time"),
    peewee.SQL("NULL::timestamptz AS lease_time"),
)
_ATTEMPT: Final = tuple(getattr(Attempt, name) for name in AttemptRow._fields)


def _pair(model: type[Model]) -> Any:
    row: Any = model
    return (
        (row.workspace_id == Slot("workspace"))
        & (row.endpoint_id == Slot("endpoint"))
        & (row.event_id == Slot("event"))
    )


def _within(row: Any) -> Any:
    return (row.event_time >= Slot("since")) & (row.event_time <= Slot("until"))


_GET: Final = Prepared(
    lambda: (
        OpenDelivery.select(*_OPEN)
        .where(_pair(OpenDelivery))
        .union_all(Delivery.select(*_FINISHED).where(_pair(Delivery) & _within(Delivery)))
    )
)


def get(workspace_id: UUID, endpoint_id: UUID, event_id: UUID) -> DeliveryRow | None:
    """The delivery of an event to an endpoint."""
    since, until = bounds(event_id)
    row = _GET.row(workspace=workspace_id, endpoint=endpoint_id, event=event_id, since=since, until=until)
    return DeliveryRow._make(row) if row else None


def page_of_endpoint(
    workspace_id: UUID, endpoint_id: UUID, *, wanted: Wanted, after: UUID | None, limit: int
) -> list[DeliveryRow]:
    """A page of an endpoint's deliveries by event, the newest first."""
    parts = []
    end = first_id(wanted.before) if after is None else min(first_id(wanted.before), after)
    for model, columns, states in ((OpenDelivery, _OPEN, OPEN_STATES), (Delivery, _FINISHED, FINISHED_STATES)):
        shown = wanted.states.intersection(states)
        if not shown:
            continue
        row: Any = model
        where = (row.workspace_id == workspace_id) & (row.endpoint_id == endpoint_id)
        where &= (row.event_id >= first_id(wanted.since)) & (row.event_id < end)
        where &= (row.event_time >= wanted.since - SLACK) & (row.event_time < ids.time_of(end) + SLACK)
        if shown <= _UNSUCCESSFUL:
            # A partial index is found by these words, not by a parameter.
            where &= peewee.SQL("state <> 'SUCCEEDED'")
        if len(shown) < len(states):
            where &= row.state.in_(sorted(shown))
        where &= _of_types(row, wanted)
        parts.append(row.select(*columns).where(where).order_by(row.event_id.desc()).limit(limit))
    if not parts:
        return []
    query = parts[0] if len(parts) == 1 else parts[0].union_all(parts[1]).order_by(peewee.SQL("event_id DESC"))
    return [DeliveryRow._make(row) for row in query.limit(limit).tuples()]


def _of_types(row: Any, wanted: Wanted) -> Any:
    where = peewee.Value(True) if wanted.types is None else row.type.in_(sorted(wanted.types))  # noqa: FBT003
    return where & row.type.not_in(sorted(wanted.other_types)) if wanted.other_types else where


def page_of_event(workspace_id: UUID, event_id: UUID, *, after: UUID | None, limit: int) -> list[DeliveryRow]:
    """A page of an event's deliveries by endpoint, the oldest endpoint first."""
    since, until = bounds(event_id)
    parts = []
    for model, columns in ((OpenDelivery, _OPEN), (Delivery, _FINISHED)):
        row: Any = model
        where = (row.workspace_id == workspace_id) & (row.event_id == event_id)
        if model is Delivery:
            where &= (row.event_time >= since) & (row.event_time <= until)
        if after is not None:
            where &= row.endpoint_id > after
        parts.append(row.select(*columns).where(where))
    query = parts[0].union_all(parts[1]).order_by(peewee.SQL("endpoint_id")).limit(limit)
    return [DeliveryRow._make(row) for row in query.tuples()]


def attempts(
    workspace_id: UUID, endpoint_id: UUID, event_id: UUID, *, before: int | None, limit: int
) -> list[AttemptRow]:
    """A page of a delivery's attempts by number, the newest first; those before number `before`."""
    since, until = bounds(event_id)
    where = (Attempt.workspace_id == workspace_id) & (Attempt.endpoint_id == endpoint_id)
    where &= (Attempt.event_id == event_id) & (Attempt.event_time >= since) & (Attempt.event_time <= until)
    if before is not None:
        where &= Attempt.number < before
    query: Any = Attempt.select(*_ATTEMPT).where(where).order_by(Attempt.number.desc()).limit(limit)
    return [AttemptRow._make(row) for row in query.tuples()]


_LAST_ATTEMPTS: Final = Statement(f"""
    SELECT target.endpoint_id, last.* FROM unnest(%s::uuid[]) AS target (endpoint_id), LATERAL (
        SELECT {", ".join(AttemptRow._fields)} FROM webhook_attempt
        WHERE endpoint_id = target.endpoint_id AND workspace_id = %s AND event_id = %s
            AND event_time >= %s AND event_time <= %s
        ORDER BY number DESC LIMIT 1
    ) last
""")


def last_attempts(workspace_id: UUID, event_id: UUID, *, endpoints: Collection[UUID]) -> dict[UUID, AttemptRow]:
    """The last attempt of an event at each of some endpoints."""
    values = (arrays.uuids(endpoints), workspace_id, event_id, *bounds(event_id))
    return {row[0]: AttemptRow._make(row[1:]) for row in db.execute_sql(_LAST_ATTEMPTS, values).fetchall()}
