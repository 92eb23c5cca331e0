"""Fan-out: committed events become deliveries, in the drain's transaction.

An edit of an endpoint thus never undoes what a customer's event says, and an event that nobody wants is remembered as
such by the feed. An endpoint gets an event whose type it subscribes to (exactly, by `prefix.*`, or all), which shares a
channel with it if it names any, and which its filter does not refuse. Why one that subscribes does not get it is kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import cel, clock, ids
from server.core.db import db
from server.events import patterns
from server.events.service.draining import Drained
from server.webhooks import errors, expressions
from server.webhooks.models import FIRST_STATES
from server.webhooks.queries import fan_out as queries
from server.webhooks.queries import lanes
from server.webhooks.queries.fan_out import Opened, Subscriber
from server.webhooks.service.claiming import PLANS

FILTERED: Final = "FILTERED"
FILTER_FAILED: Final = "FILTER_FAILED"
DISABLED: Final = "DISABLED"
_PER_KEY: Final = "PER_KEY"


def listen(batch: Sequence[Drained]) -> Mapping[UUID, int]:
    """Make the deliveries of drained events; gives how many there are of each event that has any."""
    if not batch:
        return {}
    now = clock.now()
    db.scope.prefix += PLANS
    subscribers = queries.subscribers({event.workspace_id for event in batch})
    if not subscribers:
        return {}
    plan = Plan.of(batch, subscribers)
    if plan.pairs:
        _open(batch, subscribers, plan, now)
    if plan.skips:
        queries.skip([_skip(batch[event], subscribers[at], reason) for event, at, reason in plan.skips])
    if plan.pairs:
        # Last: whoever looks at the lanes meanwhile does not wait for the whole batch.
        lanes.wake({subscribers[at].endpoint_id for _, at in plan.pairs}, now=now)
    return plan.matches(batch)


@dataclass(slots=True)
class Plan:
    """What becomes of a batch: pairs of places of events and endpoints that match, and those that do not, with why."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    skips: list[tuple[int, int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, batch: Sequence[Drained], subscribers: Sequence[Subscriber]) -> "Plan":
        """The plan for `batch`. Filters are the only part of it that looks into the data."""
        plan = cls()
        of_workspace: defaultdict[UUID, list[int]] = defaultdict(list)
        for at, subscriber in enumerate(subscribers):
            of_workspace[subscriber.workspace_id].append(at)
        # Events of one type and the same channels meet the same endpoints.
        chosen: dict[tuple[UUID, str, tuple[str, ...]], list[int]] = {}
        for number, event in enumerate(batch):
            kind = (event.workspace_id, event.type, event.channels)
            places = chosen.get(kind)
            if places is None:
                candidates = of_workspace[event.workspace_id]
                places = chosen[kind] = [at for at in candidates if wants(subscribers[at], event.type, event.channels)]
            plan.add(number, event, places, subscribers)
        return plan

    def add(self, number: int, event: Drained, places: Sequence[int], subscribers: Sequence[Subscriber]) -> None:
        """Decide on each endpoint that subscribes to the event."""
        bindings: Any = None
        for at in places:
            subscriber = subscribers[at]
            reason = ""
            if subscriber.state == DISABLED:
                reason = DISABLED
            elif subscriber.filter:
                bindings = bindings or _Bound(event)
                reason = bindings.refuses(subscriber.filter)
            if reason:
                self.skips.append((number, at, reason))
            else:
                self.pairs.append((number, at))

    def matches(self, batch: Sequence[Drained]) -> dict[UUID, int]:
        """How many deliveries each event becomes."""
        counts: defaultdict[UUID, int] = defaultdict(int)
        for event, _ in self.pairs:
            counts[batch[event].event_id] += 1
        return counts


def wants(subscriber: Subscriber, event_type: str, channels: Iterable[str]) -> bool:
    """Whether an endpoint subscribes to events of this type on these channels."""
    if subscriber.channels and not set(subscriber.channels) & set(channels):
        return False
    wanted = subscriber.event_types
    return not wanted or any(patterns.matches(pattern, event_type) for pattern in wanted)


class _Bound:
    """An event as filters see it, read once for all of them."""

    def __init__(self, event: Drained) -> None:
        try:
            self._bindings: cel.Bindings | None = expressions.EVENT.bind({"event": values(event)})
        except (cel.EvaluationFailed, ValueError):
            self._bindings = None

    def refuses(self, text: str) -> str:
        """Why the filter refuses the event; nothing when it does not."""
        if self._bindings is None:
            return FILTER_FAILED
        try:
            return "" if expressions.filter_of(text).evaluate(self._bindings) else FILTERED
        except (cel.EvaluationFailed, errors.ExpressionInvalid):
            return FILTER_FAILED


def values(event: Drained) -> dict[str, Any]:
    """The variable `event` of expressions."""
    return {
        "id": ids.encode("evt", event.event_id),
        "type": event.type,
        "subject": event.subject,
        "workspace_id": ids.encode("ws", event.workspace_id),
        "time": event.event_time,
        "ordering_key": event.ordering_key or "",
        "sequence": event.sequence or 0,
        "data": cel.load(event.data),
    }


def _open(batch: Sequence[Drained], subscribers: Sequence[Subscriber], plan: Plan, now: datetime) -> None:
    keyed = [(event, at) for event, at in plan.pairs if _key(batch[event], subscribers[at]) is not None]
    busy: set[tuple[UUID, str]] = set()
    if keyed:
        # Held before it is looked what is unfinished; all of them, in order, so that nobody waits crosswise.
        lanes.lock(subscribers[at].endpoint_id for _, at in plan.pairs)
        busy = queries.unfinished((subscribers[at].endpoint_id, batch[event].ordering_key or "") for event, at in keyed)
    opened = []
    for event, at in plan.pairs:
        key = _key(batch[event], subscribers[at])
        is_due = key is None or (subscribers[at].endpoint_id, key) not in busy
        if key is not None:
            busy.add((subscribers[at].endpoint_id, key))
        opened.append(Opened(event, at, FIRST_STATES[subscribers[at].state], is_due, key))
    queries.open_deliveries(
        opened,
        endpoints=[subscriber.endpoint_id for subscriber in subscribers],
        events=[(e.event_id, e.event_time, e.workspace_id, e.type, e.position) for e in batch],
        now=now,
    )


def _key(event: Drained, subscriber: Subscriber) -> str | None:
    """The ordering key that counts on this endpoint."""
    return event.ordering_key if subscriber.ordering == _PER_KEY else None


def _skip(event: Drained, subscriber: Subscriber, reason: str) -> tuple[UUID, UUID, Any, UUID, str]:
    return event.event_id, subscriber.endpoint_id, event.event_time, event.workspace_id, reason
