"""Recording: attempts are written down, and what becomes of their deliveries and endpoints is decided.

All of a batch is one transaction. It is fenced by the claims: of an attempt whose delivery somebody else has claimed
since, nothing is written. Endpoints without failures are not touched by their successes.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from server.core import clock, events, ids, tenancy
from server.core.db import db
from server.webhooks import latency
from server.webhooks.queries import lanes
from server.webhooks.queries import recording as queries
from server.webhooks.queries.interrupted import DETAIL, INTERRUPTED
from server.webhooks.queries.lanes import State
from server.webhooks.queries.recording import Counted, Ended
from server.webhooks.sending.types import ErrorKind, Outcome
from server.webhooks.service import breaker, schedule
from server.webhooks.service.breaker import Breaker
from server.webhooks.service.claiming import PLANS, Claimed
from userdata.webhooks.v1.webhook_events_pb2 import WebhookDeliveryFailed

SUCCEEDED: Final = "SUCCEEDED"
FAILED: Final = "FAILED"
RETRYING: Final = "RETRYING"
#: The error of an attempt that was not made: the event is past its retention.
EXPIRED: Final = "EXPIRED"
#: What is told of errors that no sender gives.
DETAILS: Final = {
    INTERRUPTED: DETAIL,
    EXPIRED: "The event is past its retention.",
    ErrorKind.INTERNAL: "The product failed; the operator's log says how.",
}
#: An endpoint that had nothing but failures for this long is disabled.
FAILING: Final = timedelta(days=5)
#: How long a receiver that answers 429 may hold up all of its deliveries.
LONGEST_BLOCK: Final = timedelta(hours=1)
#: Errors that say nothing about the receiver.
_OURS: Final = frozenset({INTERRUPTED, EXPIRED, ErrorKind.TRANSFORMATION, ErrorKind.INTERNAL})
#: Types of events about webhooks: a failed delivery of one is not told of, or it would go on for ever.
_OPERATIONAL: Final = "webhook."


@dataclass(slots=True)
class Result:
    """A claimed delivery and what came of the attempt at it."""

    delivery: Claimed
    outcome: Outcome


@dataclass(slots=True)
class Verdict:
    """What becomes of a delivery: its state, when it is tried again, and how many tries of the schedule it used."""

    state: str
    due_time: datetime | None = None
    tries: int = 1


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An endpoint that is to be disabled, and why: GONE (it answered 410) or FAILING (for days)."""

    workspace_id: UUID
    endpoint_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch came to: the results that were written, those that came too late, and endpoints to disable."""

    accepted: list[tuple[Result, Verdict]]
    late: int
    given_up: list[GivenUp]


@dataclass(slots=True)
class _Tally:
    """What the attempts of a batch say about an endpoint."""

    workspace_id: UUID
    succeeded: int = 0
    failed: int = 0
    probed: bool = False
    due_time: datetime | None = None
    blocked_time: datetime | None = None
    gone: bool = False
    keys: set[str] = field(default_factory=set)


def record(results: Sequence[Result]) -> Recorded:
    """Write a batch of attempts, in a transaction of the worker."""
    now = clock.now()
    verdicts = [judge(result, now=now, luck=random.random()) for result in results]  # noqa: S311 - jitter
    db.scope.prefix += PLANS
    troubled = {r.delivery.endpoint_id for r, v in zip(results, verdicts, strict=True) if _concerns_lane(r, v)}
    states = lanes.lock(troubled) if troubled else {}
    places = queries.record([_ended(r, v) for r, v in zip(results, verdicts, strict=True)], now=now)
    accepted = [(results[at], verdicts[at]) for at in places]
    given_up: list[GivenUp] = []
    if accepted:
        queries.count(_counted(result for result, _ in accepted))
        given_up = _tell_lanes(states, _tallies(accepted, states, now), now)
        _publish_failures(accepted)
    return Recorded(accepted, len(results) - len(accepted), given_up)


def judge(result: Result, *, now: datetime, luck: float) -> Verdict:
    """What becomes of the delivery; `luck`, from 0 to 1, makes the jitter."""
    delivery, outcome = result.delivery, result.outcome
    if not outcome.error:
        return Verdict(SUCCEEDED)
    if outcome.error == INTERRUPTED:
        return Verdict(RETRYING, now, tries=0)
    if outcome.error == EXPIRED or outcome.status == HTTPStatus.GONE:
        return Verdict(FAILED)
    delay = schedule.next_delay(
        delivery.retry_delays,
        delivery.tries + 1,
        luck=luck,
        status=outcome.status,
        retry_after=outcome.retry_after,
    )
    return Verdict(FAILED) if delay is None else Verdict(RETRYING, now + delay)


def _concerns_lane(result: Result, verdict: Verdict) -> bool:
    delivery = result.delivery
    return verdict.state != SUCCEEDED or delivery.is_troubled or delivery.ordering_key is not None


def _ended(result: Result, verdict: Verdict) -> Ended:
    delivery, outcome = result.delivery, result.outcome
    return Ended(
        delivery.endpoint_id,
        delivery.event_id,
        delivery.claim,
        verdict.state,
        verdict.due_time,
        verdict.tries,
        outcome.start,
        outcome.dns_ms,
        outcome.connect_ms,
        outcome.tls_ms,
        outcome.first_byte_ms,
        outcome.total_ms,
        outcome.status,
        outcome.error,
        json.dumps({_storable(name): _storable(value) for name, value in outcome.response_headers.items()}),
        outcome.response_body,
        outcome.address,
        _storable(outcome.detail),
        outcome.resent,
    )


def _storable(text: str) -> str:
    """`text` without what the database cannot hold: NUL, and bytes of a header that are no UTF-8."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _counted(results: Iterable[Result]) -> list[Counted]:
    hours: dict[tuple[UUID, datetime], tuple[UUID, list[int], list[int]]] = {}
    for result in results:
        outcome = result.outcome
        key = result.delivery.endpoint_id, outcome.start.replace(minute=0, second=0, microsecond=0)
        if key not in hours:
            hours[key] = result.delivery.workspace_id, [0, 0], [0] * latency.BUCKETS
        _, counts, latencies = hours[key]
        counts[bool(outcome.error)] += 1
        latencies[latency.bucket(outcome.total_ms)] += 1
    return [
        Counted(endpoint, workspace, hour, counts[0], counts[1], latencies)
        for (endpoint, hour), (workspace, counts, latencies) in hours.items()
    ]


def _tallies(
    accepted: Sequence[tuple[Result, Verdict]], states: Mapping[UUID, State], now: datetime
) -> dict[UUID, _Tally]:
    tallies: dict[UUID, _Tally] = {}
    for result, verdict in accepted:
        delivery, outcome = result.delivery, result.outcome
        if delivery.endpoint_id not in states:
            continue
        tally = tallies.setdefault(delivery.endpoint_id, _Tally(delivery.workspace_id))
        if outcome.error not in _OURS:
            tally.succeeded += not outcome.error
            tally.failed += bool(outcome.error)
            tally.probed |= delivery.is_probe
        tally.gone |= outcome.status == HTTPStatus.GONE
        if verdict.due_time is not None:
            tally.due_time = min(tally.due_time or verdict.due_time, verdict.due_time)
        if outcome.status == HTTPStatus.TOO_MANY_REQUESTS and outcome.retry_after is not None:
            tally.blocked_time = now + min(outcome.retry_after, LONGEST_BLOCK)
        if delivery.ordering_key is not None and verdict.state != RETRYING:
            tally.keys.add(delivery.ordering_key)
    return tallies


def _tell_lanes(states: Mapping[UUID, State], tallies: Mapping[UUID, _Tally], now: datetime) -> list[GivenUp]:
    """Write what the held lanes learnt; gives the endpoints that are to be given up."""
    lanes.release(((endpoint, key) for endpoint, tally in tallies.items() for key in tally.keys), now=now)
    written, given_up = [], []
    for endpoint_id, tally in tallies.items():
        before = states[endpoint_id]
        after = breaker.after(
            _breaker(before), succeeded=tally.succeeded, failed=tally.failed, probed=tally.probed, now=now
        )
        due_time = now if tally.keys or after.state != before.breaker else tally.due_time
        written.append((_state(before, after, tally, now), due_time))
        if tally.gone:
            given_up.append(GivenUp(tally.workspace_id, endpoint_id, "GONE"))
        elif tally.failed and after.failing_time is not None and now - after.failing_time >= FAILING:
            given_up.append(GivenUp(tally.workspace_id, endpoint_id, "FAILING"))
    lanes.write(written)
    return given_up


def _breaker(state: State) -> Breaker:
    return Breaker(
        state.breaker,
        state.opened,
        state.window_time,
        state.window_attempts,
        state.window_failures,
        state.failing_time,
    )


def _state(before: State, after: Breaker, tally: _Tally, now: datetime) -> State:
    blocked = before.blocked_time
    # A lane that is blocked for ever is paused or disabled: that is not for the breaker to end.
    if blocked is not None:
        if after.state == breaker.OPEN and after.opened != before.opened:
            blocked = now + breaker.probe_delay(after.opened)
        elif after.state == breaker.CLOSED and before.breaker == breaker.OPEN:
            blocked = now
        if tally.blocked_time is not None:
            blocked = max(blocked, tally.blocked_time)
    return State(
        before.endpoint_id,
        blocked,
        after.state,
        after.opened,
        after.window_time,
        after.window_attempts,
        after.window_failures,
        after.failing_time,
    )


def _publish_failures(accepted: Iterable[tuple[Result, Verdict]]) -> None:
    for result, verdict in accepted:
        delivery, outcome = result.delivery, result.outcome
        if verdict.state != FAILED or delivery.type.startswith(_OPERATIONAL):
            continue
        tenancy.enter(delivery.workspace_id)
        endpoint_id = ids.encode("whe", delivery.endpoint_id)
        failed = WebhookDeliveryFailed(
            endpoint_id=endpoint_id,
            event_id=ids.encode("evt", delivery.event_id),
            event_type=delivery.type,
            attempts=delivery.attempts + 1,
            error=outcome.error,
            status=outcome.status or 0,
        )
        events.publish("webhook.delivery.failed", failed, subject=endpoint_id, workspace=delivery.workspace_id)
