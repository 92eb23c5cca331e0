"""Claims: what goes next, how much of each, and that nothing goes twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.core import clock, ids
from server.webhooks.models import OpenDelivery
from server.webhooks.queries import endpoints as states
from server.webhooks.queries.lanes import DueLane
from server.webhooks.service import breaker, claiming
from server.webhooks.service.claiming import Caps, InFlight
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import (
    CAPS,
    attempts_of,
    claim,
    drain,
    finished_of,
    lane_of,
    later,
    open_of,
    outcome,
    problems,
    publish,
    record,
    set_lane,
)

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)


def filled(worker, count: int = 3, **values):
    """An endpoint with this many deliveries that are due."""
    endpoint = make_endpoint(worker, event_types=[f"for.{ids.new().hex[-8:]}"], **values)
    publish(worker, *endpoint.event_types * count)
    drain()
    return endpoint


def test_what_is_due_is_claimed_once(worker) -> None:
    endpoint = filled(worker, 3)
    claimed = claim()
    assert [one.event_id for one in claimed] == [row[0] for row in open_of(endpoint)]
    assert {row[1] for row in open_of(endpoint)} == {"DELIVERING"}
    assert claim() == []
    assert problems() == []


def test_a_claim_lasts_for_the_timeout_and_a_margin(worker) -> None:
    filled(worker, 1, timeout_seconds=7)
    with clock.frozen(later(seconds=1)):
        (one,) = claim()
        assert one.lease_time == later(seconds=7 + 15)


def test_what_a_dead_worker_held_is_claimed_again_and_told_of(worker) -> None:
    endpoint = filled(worker, 2)
    first = claim()
    with clock.advanced(timedelta(seconds=29)):
        assert claim() == []
    with clock.advanced(timedelta(seconds=31)):
        again = claim()
        assert [one.event_id for one in again] == [one.event_id for one in first]
        assert [(one.attempts, one.tries) for one in again] == [(1, 0)] * 2
        assert attempts_of(endpoint) == [(1, None, "INTERRUPTED")] * 2
        # The worker was only slow: what it knows comes too late.
        assert record(first).late == 2
        assert record(again).late == 0
    assert attempts_of(endpoint) == [(1, None, "INTERRUPTED"), (2, 200, "")] * 2
    assert [row[1:] for row in finished_of(endpoint)] == [("SUCCEEDED", 2)] * 2
    assert problems() == []


def test_what_others_hold_is_passed_over(worker) -> None:
    endpoint = filled(worker, 3)
    first, second, _ = [row[0] for row in open_of(endpoint)]
    row = OpenDelivery
    row.update(lease_time=later(seconds=60), claim=ids.new()).where(row.event_id == first).execute()
    assert second in {one.event_id for one in claim(2)}
    assert lane_of(endpoint)[0] <= clock.now()
    assert claim() == []
    assert timedelta(seconds=28) < lane_of(endpoint)[0] - clock.now() < timedelta(seconds=31)


def test_a_lane_is_looked_at_when_the_next_delivery_is_due(worker) -> None:
    endpoint = filled(worker, 1)
    record(claim(), outcome(500))
    (row,) = open_of(endpoint)
    claim()
    assert lane_of(endpoint)[0] == row[2]
    with clock.frozen(row[2]):
        record(claim())
    with clock.frozen(row[2] + timedelta(seconds=30)):
        assert claim() == []
        assert lane_of(endpoint)[0] is None


def test_lanes_that_wait_longest_come_first(worker) -> None:
    endpoints = [filled(worker, 1) for _ in range(4)]
    for age, endpoint in enumerate(endpoints):
        set_lane(endpoint, due_time=clock.now() - timedelta(seconds=age))
    assert {one.endpoint_id for one in claim(2)} == {endpoints[3].id, endpoints[2].id}
    assert {one.endpoint_id for one in claim(2)} == {endpoints[1].id, endpoints[0].id}


def test_one_with_much_leaves_room_for_one_with_little(worker) -> None:
    much, little = filled(worker, 200), filled(worker, 15)
    assert Counter(one.endpoint_id for one in claim(20)) == {much.id: 10, little.id: 10}
    assert Counter(one.endpoint_id for one in claim(20)) == {much.id: 10, little.id: 5}


def test_caps_hold_over_claims(worker) -> None:
    endpoint = filled(worker, 20)
    flying = InFlight()
    caps = Caps(endpoint=8, workspace=256, total=512)
    for _ in range(3):
        for one in claim(flying=flying, caps=caps):
            flying.add(one)
    assert flying.endpoints == {endpoint.id: 8}
    for _ in range(4):
        filled(worker, 20)
    for one in claim(flying=flying, caps=Caps(endpoint=64, workspace=10, total=512)):
        flying.add(one)
    assert flying.workspaces == {worker.id: 10}


def test_many_that_come_at_once_leave_room_for_another(worker) -> None:
    for _ in range(12):
        filled(worker, 30)
    assert len(claim(512, caps=Caps(endpoint=64, workspace=256, total=512))) < 240


def test_a_paused_endpoint_keeps_everything_until_it_is_resumed(worker) -> None:
    endpoint = filled(worker, 3)
    states.block(worker.id, endpoint.id)
    assert claim() == []
    assert problems() == []
    publish(worker, *endpoint.event_types)
    drain()
    assert claim() == []
    states.unblock(worker.id, endpoint.id, now=clock.now())
    assert len(claim()) == 4


def test_an_open_breaker_lets_one_probe_through(worker) -> None:
    endpoint = filled(worker, 5)
    probe_time = later(seconds=30)
    set_lane(endpoint, breaker="OPEN", opened=2, blocked_time=probe_time, due_time=probe_time)
    assert claim() == []
    with clock.frozen(probe_time):
        (probe,) = claim()
        assert probe.is_probe
        assert claim() == []
        assert lane_of(endpoint)[:2] == (later(seconds=60), later(seconds=60))
    assert problems() == []


def test_a_rate_limit_lets_so_many_through_in_a_second(worker) -> None:
    filled(worker, 12, rate_limit=5)
    start = clock.now()
    sent = []
    for step in range(20):
        with clock.frozen(start + timedelta(milliseconds=100 * step)):
            sent += [step] * len(claim())
    assert sent[:5] == [0] * 5
    assert sent[5:] == [2, 4, 6, 8, 10, 12, 14]
    assert problems() == []


def test_a_delivery_of_a_former_version_says_so(worker) -> None:
    endpoint = filled(worker, 2)
    row = OpenDelivery
    first = open_of(endpoint)[0][0]
    row.update(revision=7).where(row.event_id == first).execute()
    assert [(one.revision, one.is_current) for one in claim()] == [(7, False), (1, True)]


# Sharing ------------------------------------------------------------------------------------------------------------


def lane(workspace: UUID, *, rate_limit: int | None = None, state: str = breaker.CLOSED) -> DueLane:
    return DueLane(ids.new(), workspace, state, 0, NOW - timedelta(days=1), 0, None, 1, [0], 15, rate_limit)


shared = st.lists(
    st.tuples(st.integers(0, 3), st.none() | st.integers(1, 50), st.sampled_from([breaker.CLOSED, breaker.OPEN])),
    min_size=1,
    max_size=30,
)


@given(shared, st.integers(1, 600), st.lists(st.integers(0, 29), max_size=40))
def test_shares_keep_to_every_bound(kinds, room, flights) -> None:
    workspaces = [ids.new() for _ in range(4)]
    due = [lane(workspaces[at], rate_limit=limit, state=state) for at, limit, state in kinds]
    flying = InFlight()
    for at in flights:
        one = due[at % len(due)]
        flying.endpoints[one.endpoint_id] += 1
        flying.homes[one.endpoint_id] = one.workspace_id
        flying.workspaces[one.workspace_id] += 1
        flying.total += 1
    caps = Caps(endpoint=20, workspace=60, total=512)
    shares = claiming.share(due, room, flying=flying, caps=caps, now=NOW)
    assert sum(shares.values()) <= room
    for one in due:
        count = shares[one.endpoint_id]
        assert count >= 0
        assert count <= max(20 - flying.endpoints[one.endpoint_id], 0) or one.breaker == breaker.OPEN
        assert count <= 1 or one.breaker == breaker.CLOSED
        assert one.rate_limit is None or count <= max(one.rate_limit, 1)
    for workspace in workspaces:
        here = sum(shares[one.endpoint_id] for one in due if one.workspace_id == workspace)
        assert here + flying.workspaces[workspace] <= max(60, flying.workspaces[workspace])


@given(st.integers(1, 40))
def test_many_endpoints_that_hang_leave_room_for_another(hanging) -> None:
    flying = InFlight()
    caps = Caps(endpoint=64, workspace=256, total=512)
    home = ids.new()
    for _ in range(hanging):
        endpoint = ids.new()
        while flying.endpoints[endpoint] < flying.cap(endpoint, home, caps):
            flying.endpoints[endpoint] += 1
            flying.workspaces[home] += 1
            flying.total += 1
    assert flying.total < caps.total
    assert flying.workspaces[home] < caps.workspace


def test_nothing_is_kept_of_what_landed(worker) -> None:
    filled(worker, 2)
    flying = InFlight()
    claimed = claim()
    for one in claimed:
        flying.add(one)
    for one in claimed:
        flying.remove(one)
    assert flying == InFlight()
    assert flying.full(CAPS) == ([], [])
