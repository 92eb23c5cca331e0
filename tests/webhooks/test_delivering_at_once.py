"""Several workers at once, each with transactions of its own: nothing goes twice, no wake-up is lost."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from server.core import tenancy
from server.core.db import db
from server.webhooks.models import OpenDelivery
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support.parallel import at_once
from tests.support.wait import until
from tests.webhooks.factories import make_endpoint
from tests.webhooks.flow import claim, drain, outcome, problems, publish, record
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by workers."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
    yield workspace
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def within(step: Callable[[], Any]) -> Any:
    """What `step` gives, in a transaction of its own."""
    with tenancy.transaction():
        return step()


def delivers(done: Callable[[], bool]) -> int:
    """Claim and record until done, every third attempt as a failure; gives how many attempts were recorded."""
    ended = 0
    while not done():
        claimed = within(partial(claim, 7))
        if claimed:
            # Fewer failures than would open a breaker, which then lets nothing through for half a minute.
            outcomes = [outcome(500 if (ended + at) % 3 == 2 else 200) for at in range(len(claimed))]
            recorded = within(partial(record, claimed, *outcomes))
            assert recorded.late == 0
            ended += len(recorded.accepted)
    db.close()
    return ended


def test_workers_never_take_the_same_and_lose_no_wake_up(shop) -> None:
    with tenancy.transaction():
        for ordering in ("NONE", "NONE", "PER_KEY"):
            make_endpoint(shop, ordering=ordering, retry_delays=[0, 0, 0, 0, 0, 0, 0, 0])
    published = threading.Event()

    def publishes() -> int:
        try:
            for number in range(40):
                within(partial(publish, shop, "a", "b", ordering_key=f"k{number % 3}"))
        finally:
            published.set()
            db.close()
        return 0

    def drains() -> int:
        count = 0
        # A delivery that fails for good is an event again, up to the last one.
        while not done():
            count += len(within(drain))
        db.close()
        return count

    def done() -> bool:
        return published.is_set() and not within(pending) and not within(OpenDelivery.select().count)

    def pending() -> int:
        return int(db.execute_sql("SELECT count(*) FROM event_pending").fetchone()[0])

    counts = at_once([publishes, drains, *[lambda: delivers(done)] * 3])
    assert counts[1] >= 80
    with tenancy.transaction():
        assert problems() == []
        rows = db.execute_sql("SELECT state, sum(attempts), count(*) FROM webhook_delivery GROUP BY state").fetchall()
        ((recorded,),) = db.execute_sql("SELECT count(*) FROM webhook_attempt").fetchall()
    assert {state for state, _, _ in rows} <= {"SUCCEEDED", "FAILED"}
    finished = sum(int(count) for _, _, count in rows)
    assert finished >= 3 * 80
    assert recorded == sum(int(attempts) for _, attempts, _ in rows) == sum(counts[2:])


def test_a_delivery_that_a_claim_does_not_see_yet_is_not_put_off(shop) -> None:
    with tenancy.transaction():
        make_endpoint(shop)
        publish(shop, "a")
    within(drain)
    with tenancy.transaction():
        publish(shop, "b")
    drained, claimed = threading.Event(), threading.Event()

    def drains_slowly() -> int:
        with tenancy.transaction():
            drain()
            drained.set()
            # The other claims what it sees, before this commits, or passes the lane over.
            assert claimed.wait(10)
        db.close()
        return 0

    def claims() -> int:
        assert drained.wait(10)
        try:
            found = len(within(claim))
        finally:
            claimed.set()
        until(lambda: within(claim) or found == 2, saying="what came later is claimed")
        db.close()
        return found

    at_once([drains_slowly, claims])
    with tenancy.transaction():
        states: Any = OpenDelivery.select(OpenDelivery.state).tuples()
        assert list(states) == [("DELIVERING",)] * 2
        assert problems() == []
