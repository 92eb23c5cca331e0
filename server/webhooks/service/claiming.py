"""Claiming: which deliveries go next, and how many of each endpoint.

Endpoints that wait longest come first, and those that come share what room there is: one with a million deliveries
gets no more of it than one with ten. What an endpoint may have is bounded by the caps on it and on its workspace, by
its rate limit, and by its breaker, which lets one probe through.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import clock, ids
from server.core.db import db
from server.webhooks.queries import claiming as queries
from server.webhooks.queries import lanes
from server.webhooks.queries.lanes import DueLane
from server.webhooks.service import breaker, throttle

#: Lanes looked at by one claim.
_LANES: Final = 200
#: How soon to look again for a delivery that somebody holds for a moment.
_HELD: Final = timedelta(seconds=1)
#: A generic plan of each statement, which looks up by index whatever the statistics say: they are of another hour, and
#: a queue has a million rows in one hour and none in the next.
PLANS: Final = (
    "SET LOCAL plan_cache_mode=force_generic_plan;SET LOCAL enable_hashjoin=off;SET LOCAL enable_mergejoin=off;"
    "SET LOCAL enable_seqscan=off;"
    "SET LOCAL enable_seqscan=off;"
)


#: An endpoint may have one part in so many of the room that is free or its own, but for the last of it, which is kept
#: for endpoints that have nothing in flight. So it takes many that hang, until their breakers open, to hold up others.
_PART: Final = 4
_LAST: Final = 8


@dataclass(frozen=True, slots=True)
class Caps:
    """How many deliveries one process has in flight at most: of one endpoint, of one workspace, and in all."""

    endpoint: int
    workspace: int
    total: int

    def of_endpoint(self, own: int, *, workspace: int, total: int) -> int:
        """How many an endpoint may have that has `own` of its workspace's and of all in flight.

        Ever fewer as the room fills up, of the workspace or of all.
        """
        return min(self.endpoint, _part(self.workspace, workspace - own), _part(self.total, total - own))


def _part(room: int, others: int) -> int:
    return max((room - room // _LAST - others) // _PART, 1)


# Not frozen, as all that is made for each delivery: to set a field of a frozen one costs three times as much.
@dataclass(slots=True, eq=False)
class Claimed:
    """A delivery that is ours until `lease_time`. `attempts` and `tries` are those before this one.

    `revision` is the version of the endpoint that it is sent by; `is_current` says whether that is the latest.
    """

    endpoint_id: UUID
    event_id: UUID
    event_time: datetime
    workspace_id: UUID
    type: str
    ordering_key: str | None
    trigger: str
    attempts: int
    tries: int
    revision: int
    is_current: bool
    claim: UUID
    lease_time: datetime
    retry_delays: Sequence[int]
    is_probe: bool
    is_troubled: bool
    create_time: datetime


@dataclass(slots=True)
class InFlight:
    """What a process has in flight, counted by endpoint and by workspace."""

    endpoints: Counter[UUID] = field(default_factory=Counter)
    homes: dict[UUID, UUID] = field(default_factory=dict)
    workspaces: Counter[UUID] = field(default_factory=Counter)
    total: int = 0

    def add(self, delivery: Claimed) -> None:
        """One more."""
        self.endpoints[delivery.endpoint_id] += 1
        self.homes[delivery.endpoint_id] = delivery.workspace_id
        self.workspaces[delivery.workspace_id] += 1
        self.total += 1

    def remove(self, delivery: Claimed) -> None:
        """One less. Nothing is kept of endpoints that have none."""
        for counter, key in ((self.endpoints, delivery.endpoint_id), (self.workspaces, delivery.workspace_id)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if delivery.endpoint_id not in self.endpoints:
            del self.homes[delivery.endpoint_id]
        self.total -= 1

    def cap(self, endpoint_id: UUID, workspace_id: UUID, caps: Caps) -> int:
        """How many the endpoint may have now."""
        own = self.endpoints[endpoint_id]
        return caps.of_endpoint(own, workspace=self.workspaces[workspace_id], total=self.total)

    def copy(self) -> "InFlight":
        """The same, for another thread to look at."""
        return InFlight(self.endpoints.copy(), self.homes.copy(), self.workspaces.copy(), self.total)

    def full(self, caps: Caps) -> tuple[list[UUID], list[UUID]]:
        """The endpoints and the workspaces that are at their caps."""
        homes = self.homes.items()
        endpoints = [key for key, home in homes if self.endpoints[key] >= self.cap(key, home, caps)]
        workspaces = [key for key, own in self.workspaces.items() if own >= caps.workspace]
        return endpoints, workspaces


def claim(room: int, *, flying: InFlight, caps: Caps, margin: timedelta) -> list[Claimed]:
    """At most `room` deliveries that are due, now ours. In a transaction of the worker.

    Their leases end `margin` after the timeouts of their endpoints.
    """
    now = clock.now()
    db.scope.prefix += PLANS
    endpoints, workspaces = flying.full(caps)
    due = lanes.due(now=now, without=endpoints, without_workspaces=workspaces, limit=min(room, _LANES))
    if not due:
        return []
    rooms = share(due, room, flying=flying, caps=caps, now=now)
    leases = {lane.endpoint_id: now + timedelta(seconds=lane.timeout_seconds) + margin for lane in due}
    claim_id = ids.new()
    asked = [(endpoint, count, leases[endpoint]) for endpoint, count in rooms.items() if count]
    rows = queries.claim(asked, claim_id=claim_id, now=now) if asked else []
    taken = Counter(row.endpoint_id for row in rows)
    # A lane that got no part of the room keeps its place in the line.
    looked_at = [lane for lane in due if rooms[lane.endpoint_id] or lane.rate_limit is not None]
    put_off = [_put_off(lane, rooms[lane.endpoint_id], taken[lane.endpoint_id], now) for lane in looked_at]
    if put_off:
        lanes.put_off(put_off, now=now, retry_time=now + _HELD)
    by_id = {lane.endpoint_id: lane for lane in due}
    return [_claimed(row, by_id[row.endpoint_id], claim_id, leases[row.endpoint_id]) for row in rows]


def share(due: Sequence[DueLane], room: int, *, flying: InFlight, caps: Caps, now: datetime) -> Mapping[UUID, int]:
    """How many deliveries each lane may claim: equal parts of `room`, and to others what one cannot use."""
    most = {lane.endpoint_id: _most(lane, flying, caps, now) for lane in due}
    granted = flying.copy()
    shares: dict[UUID, int] = {}
    for waiting, lane in enumerate(sorted(due, key=lambda lane: most[lane.endpoint_id])):
        part = -(-room // (len(due) - waiting))
        left = caps.workspace - granted.workspaces[lane.workspace_id]
        # As if those before it were in flight already: one claim keeps to what many would.
        count = max(min(most[lane.endpoint_id], _most(lane, granted, caps, now), part, room, left), 0)
        shares[lane.endpoint_id] = count
        granted.endpoints[lane.endpoint_id] += count
        granted.workspaces[lane.workspace_id] += count
        granted.total += count
        room -= count
    return shares


def _most(lane: DueLane, flying: InFlight, caps: Caps, now: datetime) -> int:
    if lane.breaker == breaker.OPEN:
        return 1
    most = flying.cap(lane.endpoint_id, lane.workspace_id, caps) - flying.endpoints[lane.endpoint_id]
    if lane.rate_limit is not None:
        most = min(most, throttle.allowed(lane.rate_time, limit=lane.rate_limit, now=now))
    return most


def _put_off(lane: DueLane, room: int, taken: int, now: datetime) -> tuple[UUID, datetime | None, datetime, datetime]:
    """When the lane is due next, until when it is blocked, and its rate_time."""
    if lane.breaker == breaker.OPEN and taken:
        probe = now + breaker.probe_delay(lane.opened)
        return lane.endpoint_id, probe, probe, lane.rate_time
    if lane.rate_limit is None:
        # What used up its part may have more, and goes to the end of the line.
        return lane.endpoint_id, now if taken == room else None, now, lane.rate_time
    rate_time = throttle.used(lane.rate_time, taken, limit=lane.rate_limit, now=now)
    free = max(throttle.next_time(rate_time, limit=lane.rate_limit), now)
    return lane.endpoint_id, free if taken == room else None, free, rate_time


def _claimed(row: queries.ClaimedRow, lane: DueLane, claim_id: UUID, lease_time: datetime) -> Claimed:
    return Claimed(
        endpoint_id=row.endpoint_id,
        event_id=row.event_id,
        event_time=row.event_time,
        workspace_id=lane.workspace_id,
        type=row.type,
        ordering_key=row.ordering_key,
        trigger=row.trigger,
        attempts=row.attempts,
        tries=row.tries,
        revision=lane.revision if row.revision is None else row.revision,
        is_current=row.revision is None,
        claim=claim_id,
        lease_time=lease_time,
        retry_delays=lane.retry_delays,
        is_probe=lane.breaker == breaker.OPEN,
        is_troubled=lane.breaker == breaker.OPEN or lane.window_failures > 0 or lane.failing_time is not None,
        create_time=row.create_time,
    )
