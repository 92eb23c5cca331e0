"""The drain: each committed event is seen once by every listener, whatever dies or fails meanwhile."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from server.core import events, ids, tenancy
from server.core.db import db
from server.core.events import Draft
from server.events.models import EventFeed
from server.events.service.draining import Drained
from server.webhooks.service import fan_out
from tests.support.parallel import at_once
from workers.drain import LISTENERS, Drain
from workers.stopping import Stop

WORKSPACE = ids.new()


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Nobody tells these drains to stop."""
    stop = Stop()
    yield stop
    stop.close()


class Ear:
    """A listener that remembers, and fails as long as it is told to."""

    def __init__(self, deliveries: int = 1) -> None:
        self.heard: list[UUID] = []
        self.batches: list[int] = []
        self.fails = False
        self.deliveries = deliveries

    def __call__(self, batch: Sequence[Drained]) -> dict[UUID, int]:
        if self.fails:
            raise OSError("told to fail")
        self.heard += [event.event_id for event in batch]
        self.batches.append(len(batch))
        return {event.event_id: self.deliveries for event in batch}


def publish(count: int) -> list[UUID]:
    with tenancy.transaction(workspace=WORKSPACE):
        published = events.publish_many([Draft("order.paid", "ord_1", "{}")] * count, workspace=WORKSPACE)
    return [event.id for event in published]


def feed() -> list[tuple[UUID, int]]:
    rows: Any = EventFeed.select(EventFeed.event_id, EventFeed.matches).order_by(EventFeed.position)
    return list(rows.tuples())


def test_webhooks_listen_first() -> None:
    assert LISTENERS[0] is fan_out.listen


def test_what_is_committed_is_heard_once_and_told_of_after(stop, worker_role) -> None:
    ear, told = Ear(), []
    drain = Drain(stop, listeners=[ear], drained=lambda: told.append(len(feed())))
    assert drain.turn() > 0
    assert told == []
    published = publish(3)
    drain.turn()
    drain.turn()
    assert ear.heard == published
    assert feed() == [(event, 1) for event in published]
    assert told == [3]


def test_matches_of_all_listeners_are_added_up(stop, worker_role) -> None:
    drain = Drain(stop, listeners=[Ear(2), Ear(3)])
    publish(1)
    drain.turn()
    assert [matches for _, matches in feed()] == [5]


def test_a_batch_that_fails_waits_whole(stop, worker_role) -> None:
    first, second = Ear(), Ear()
    drain = Drain(stop, listeners=[first, second])
    published = publish(2)
    second.fails = True
    assert drain.turn() > 1
    assert feed() == []
    second.fails = False
    drain.turn()
    assert second.heard == published
    assert [event for event, _ in feed()] == published


def test_batches_get_smaller_when_events_become_many_deliveries(stop, worker_role) -> None:
    ear = Ear(deliveries=1000)
    drain = Drain(stop, listeners=[ear])
    publish(130)
    while drain.turn() == 0:
        pass
    assert ear.batches == [100, 10, 10, 10]
    ear.deliveries = 0
    publish(20)
    drain.turn()
    publish(700)
    drain.turn()
    assert ear.batches[4:] == [10, 710]


def test_drains_at_once_share_the_work_and_keep_the_order(stop, worker_role) -> None:
    ears = [Ear() for _ in range(3)]
    published = [event for _ in range(20) for event in publish(10)]

    def drains(ear: Ear) -> int:
        drain = Drain(stop, listeners=[ear])
        while len(feed()) < len(published):
            drain.turn()
        db.close()
        return len(ear.heard)

    counts = at_once([partial(drains, ear) for ear in ears])
    assert sum(counts) == len(published)
    assert [event for event, _ in feed()] == published
    positions = [row.position for row in EventFeed.select().order_by(EventFeed.position)]
    assert positions == list(range(positions[0], positions[0] + len(published)))


def test_a_database_that_is_away_is_waited_for(stop, worker_role) -> None:
    ear = Ear()
    drain = Drain(stop, listeners=[ear])
    published = publish(1)
    db.close()
    url = worker_role.url
    db.open("postgresql://127.0.0.1:1/none", role=None)
    assert 0 < drain.turn() < 1
    db.open(url, role="userdata_worker", application="tests")
    drain.turn()
    assert ear.heard == published
