"""The drain: every committed event gets one position, whatever dies and however many drains there are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from server.core import events, ids, tenancy
from server.core.db import db
from server.core.errors import Unavailable
from server.core.events import Draft
from server.events.queries import feed
from server.events.service import draining
from tests.support.database import as_owner
from tests.support.wait import until


def publish(*drafts, workspace=None):
    workspace = workspace or ids.new()
    with tenancy.transaction(workspace=workspace):
        return events.publish_many(drafts, workspace=workspace)


def draft(**values):
    return Draft(**({"type": "order.paid", "subject": "order/1", "data": '{"amount": 1}'} | values))


def drain(limit=1000, matches=None):
    with tenancy.transaction():
        batch = draining.take(limit)
        draining.settle(batch, matches or {})
    return batch


def fed(url):
    """The rows of the feed in order."""
    with as_owner(url) as cursor:
        cursor.execute("SELECT position, event_id::text, matches FROM event_feed ORDER BY position")
        return cursor.fetchall()


def waiting(url):
    with as_owner(url) as cursor:
        cursor.execute("SELECT count(*) FROM event_pending")
        return cursor.fetchone()[0]


def last_position(url):
    with as_owner(url) as cursor:
        cursor.execute("SELECT position FROM event_drain")
        return cursor.fetchone()[0]


def test_what_was_published_comes_whole_and_in_order(worker_role):
    workspace = ids.new()
    before = last_position(worker_role.url)
    published = publish(
        draft(channels=("eu", "big"), ordering_key="a"), draft(type="order.sent", subject=""), workspace=workspace
    )
    first, second = drain()
    assert [first.event_id, second.event_id] == [event.id for event in published]
    assert (first.position, second.position) == (before + 1, before + 2)
    assert (first.event_time, first.workspace_id) == (published[0].create_time, workspace)
    assert (first.type, first.subject, first.channels) == ("order.paid", "order/1", ("eu", "big"))
    assert (first.ordering_key, first.sequence, first.data) == ("a", 1, '{"amount": 1}')
    assert (second.type, second.subject, second.channels, second.ordering_key) == ("order.sent", "", (), None)


def test_what_was_settled_is_in_the_feed_and_waits_no_more(worker_role):
    one, two = publish(draft(), draft())
    drained = drain(matches={one.id: 3})
    assert fed(worker_role.url) == [(drained[0].position, str(one.id), 3), (drained[1].position, str(two.id), 0)]
    assert last_position(worker_role.url) == drained[1].position
    assert waiting(worker_role.url) == 0
    assert drain() == []


def test_a_batch_has_a_limit_and_the_next_goes_on(worker_role):
    published = publish(*[draft()] * 5)
    batches = [drain(2), drain(2), drain(2)]
    assert [[e.event_id for e in batch] for batch in batches] == [
        [event.id for event in published[at : at + 2]] for at in (0, 2, 4)
    ]
    positions = [e.position for batch in batches for e in batch]
    assert positions == list(range(positions[0], positions[0] + 5))


def test_an_event_that_is_not_committed_is_not_taken_and_not_forgotten(worker_role):
    workspace = ids.new()
    published, commit = threading.Event(), threading.Event()

    def slow():
        with tenancy.transaction(workspace=workspace):
            (event,) = events.publish_many([draft()], workspace=workspace)
            published.set()
            commit.wait(timeout=30)
        db.close()
        return event

    with ThreadPoolExecutor(1) as pool:
        early = pool.submit(slow)
        published.wait(timeout=30)
        (late,) = publish(draft())
        (first,) = drain()
        commit.set()
        assert first.event_id == late.id
        (second,) = until(drain)
        assert second.event_id == early.result().id
    assert second.position == first.position + 1


def test_a_drain_that_fails_leaves_everything_as_it_was(worker_role):
    publish(draft(), draft())
    before = last_position(worker_role.url)
    with pytest.raises(ZeroDivisionError), tenancy.transaction():
        batch = draining.take(10)
        draining.settle(batch, {})
        raise ZeroDivisionError
    assert (waiting(worker_role.url), fed(worker_role.url), last_position(worker_role.url)) == (2, [], before)
    assert drain() == batch


def test_a_drain_whose_connection_dies_leaves_everything_as_it_was(worker_role):
    publish(draft(), draft())

    def die():
        with tenancy.transaction():
            batch = draining.take(10)
            draining.settle(batch, {})
            pid = db.connection().get_backend_pid()
            with as_owner(worker_role.url) as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))

    with pytest.raises(Unavailable):
        die()
    db.close()
    assert len(until(drain)) == 2
    assert len(fed(worker_role.url)) == 2


def test_of_two_drains_one_works_and_the_other_does_not_wait(worker_role):
    publish(draft(), draft())
    with tenancy.transaction():
        batch = draining.take(1)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(drain).result(timeout=10) == []
        draining.settle(batch, {})
    assert len(drain()) == 1


def test_many_publishers_and_drains_at_once_lose_and_repeat_nothing(worker_role):
    done = threading.Event()
    before = last_position(worker_role.url)

    def publish_some(number):
        made = [
            event.id
            for size in (1, 3, 1, 5, 2) * 4
            for event in publish(*[draft(ordering_key=f"key{number % 2}")] * size, workspace=workspaces[number % 2])
        ]
        db.close()
        return made

    def drain_on(_number):
        taken = []
        while not done.is_set() or waiting(worker_role.url):
            taken += drain(7)
        db.close()
        return taken

    workspaces = [ids.new(), ids.new()]
    with ThreadPoolExecutor(8) as pool:
        drains = [pool.submit(drain_on, number) for number in range(3)]
        published = [event for made in pool.map(publish_some, range(4)) for event in made]
        done.set()
        drained = sorted((e for each in drains for e in each.result()), key=lambda e: e.position)
    assert [e.position for e in drained] == list(range(before + 1, before + 1 + len(published)))
    assert sorted(e.event_id for e in drained) == sorted(published)
    assert [row[1] for row in fed(worker_role.url)] == [str(e.event_id) for e in drained]
    for workspace in workspaces:
        sequences = [e.sequence for e in drained if e.workspace_id == workspace]
        assert sequences == list(range(1, len(sequences) + 1))


def test_commits_wake_the_drain_and_the_readers_of_the_feed(worker_role):
    with closing(psycopg2.connect(worker_role.url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"LISTEN {events.CHANNEL}; LISTEN {feed.CHANNEL}")

        def heard():
            connection.poll()
            return [notify.channel for notify in connection.notifies]

        publish(draft())
        until(lambda: heard() == ["event"])
        drain()
        until(lambda: heard() == ["event", "feed"])
        drain()
        publish(draft())
        until(lambda: heard() == ["event", "feed", "event"])
