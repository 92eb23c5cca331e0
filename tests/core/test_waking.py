"""Listeners are woken after commits, on all channels, and not for what was undone."""

from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from server.core import clock, events, ids, jobs, tenancy
from server.core.db import db
from server.core.waking import Waker
from tests.support.wait import until
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceCreated

PAYLOAD = WorkspaceCreated()


def heard(connection):
    connection.poll()
    heard, connection.notifies[:] = [notify.channel for notify in connection.notifies], []
    return heard


@pytest.fixture
def listening(postgres, committed):
    with closing(psycopg2.connect(postgres.url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"LISTEN {events.CHANNEL}; LISTEN {jobs.CHANNEL}; LISTEN done")
        yield connection


def test_a_commit_wakes_the_drain_even_as_the_first_thing_of_a_connection(listening):
    db.close()
    workspace = ids.new()
    with tenancy.transaction(workspace=workspace):
        events.publish("workspace.created", PAYLOAD, subject="ws_1", workspace=workspace)
    until(lambda: heard(listening) == [events.CHANNEL])


def test_a_rollback_wakes_nobody(listening):
    workspace = ids.new()
    with pytest.raises(ZeroDivisionError), tenancy.transaction(workspace=workspace):
        events.publish("workspace.created", PAYLOAD, subject="ws_1", workspace=workspace)
        raise ZeroDivisionError
    Waker("done").wake()
    until(lambda: heard(listening) == ["done"])


def test_many_commits_at_once_wake_it_a_few_times(listening):
    workspace = ids.new()
    for _ in range(200):
        with tenancy.transaction(workspace=workspace):
            events.publish("workspace.created", PAYLOAD, subject="ws_1", workspace=workspace)
    found = until(lambda: heard(listening))
    assert 1 <= len(found) < 200


def test_a_job_that_is_due_wakes_the_relay_and_one_of_later_does_not(listening):
    with tenancy.transaction():
        jobs.enqueue(PurgeUsers(), run_time=clock.now() + timedelta(hours=1))
    Waker("done").wake()
    until(lambda: heard(listening) == ["done"])
    with tenancy.transaction():
        jobs.enqueue(PurgeUsers())
        jobs.enqueue(PurgeUsers(), run_time=clock.now())
    until(lambda: set(heard(listening)) == {jobs.CHANNEL})


def test_channels_are_woken_alike(listening):
    Waker("done").wake()
    Waker(jobs.CHANNEL).wake()
    found: set[str] = set()

    def both() -> bool:
        found.update(heard(listening))
        return found == {"done", jobs.CHANNEL}

    until(both)
