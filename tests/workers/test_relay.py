"""The relay's turns, in this process, on the real database and the real Redis."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import redis as redis_client

from server.core import clock
from tests.support.database import as_owner
from tests.workers.conftest import enqueue, kill, rows
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers
from workers import broker as brokers
from workers import queries, retries
from workers.conf import WorkersSettings
from workers.relay import Relay

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _prepared(worker_role):
    del worker_role
    with clock.frozen(NOW):
        yield


@pytest.fixture
def relay(broker, monkeypatch):
    monkeypatch.setenv("JOBS_IN_FLIGHT", "100")
    return Relay(brokers.connect(broker.url), WorkersSettings.from_environment())


def messages(broker):
    """What the broker holds, by actor: the lists of job ids."""
    with redis_client.Redis.from_url(broker.url) as client:
        held = [json.loads(value) for value in client.hgetall("userdata:jobs.msgs").values()]
    return sorted((message["actor_name"], message["args"][0]) for message in held)


def states(url):
    return sorted(row["state"] for row in rows(url))


def mail(number):
    return SendVerificationEmail(user_id=f"user{number}@example.com")


def test_due_jobs_are_sent_in_one_message_a_type(relay, broker, committed):
    enqueue(mail(1), PurgeUsers(), mail(2))
    enqueue(mail(3), after=timedelta(minutes=1))
    assert relay.turn() == 1.0
    first, purge, second, later = [str(row["id"]) for row in rows(committed.url)]
    assert [(name, sorted(ids)) for name, ids in messages(broker)] == [
        ("userdata.jobs.v1.PurgeUsers", [purge]),
        ("userdata.jobs.v1.SendVerificationEmail", sorted([first, second])),
    ]
    assert states(committed.url) == ["READY", "SENT", "SENT", "SENT"]
    with clock.frozen(NOW + timedelta(minutes=1)):
        relay.turn()
    assert ("userdata.jobs.v1.SendVerificationEmail", [later]) in messages(broker)


def test_a_message_holds_a_bounded_number_of_jobs(relay, broker):
    enqueue(*map(mail, range(50)))
    relay.turn()
    assert sorted(len(ids) for _, ids in messages(broker)) == [10, 20, 20]


def test_the_broker_never_holds_more_than_the_limit(relay, broker, committed):
    enqueue(*map(mail, range(130)))
    relay.turn()
    assert relay.turn() < 0.1
    assert sum(len(ids) for _, ids in messages(broker)) == 100
    assert states(committed.url).count("READY") == 30


def test_while_the_broker_is_away_jobs_stay_ready(relay, broker, committed):
    kill(broker)
    enqueue(*map(mail, range(5)))
    pauses = [relay.turn() for _ in range(8)]
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] <= 0.1
    assert pauses[-1] <= 2
    assert states(committed.url) == ["READY"] * 5
    broker.start()
    while relay.turn() < 1:
        pass
    assert sum(len(ids) for _, ids in messages(broker)) == 5


def test_jobs_that_nobody_takes_are_sent_again_ever_more_rarely(relay, committed):
    enqueue(mail(1))
    at, gaps = NOW, []
    for _ in range(12):
        with clock.frozen(at):
            relay.turn()
            (row,) = rows(committed.url)
            gaps.append(row["lease_time"] - at)
        at = row["lease_time"]
        assert queries.reclaim(now=at, limit=10) == [(row["id"], row["type"], "READY")]
    assert gaps[0] == timedelta(seconds=10)
    assert gaps == sorted(gaps)
    assert gaps[-1] > timedelta(minutes=5)


@pytest.mark.parametrize(("attempts", "state"), [(1, "READY"), (retries.MOST_ATTEMPTS, "DEAD")])
def test_a_job_of_a_worker_that_died_is_taken_back(relay, committed, attempts, state):
    enqueue(mail(1))
    with as_owner(committed.url) as cursor:
        cursor.execute("UPDATE job SET state = 'RUNNING', attempts = %s, lease_time = %s", (attempts, NOW))
    assert queries.reclaim(now=NOW - timedelta(seconds=1), limit=10) == []
    relay.turn()
    (row,) = rows(committed.url)
    assert row["state"] == {"READY": "SENT"}.get(state, state)
    assert "died" in row["error"]
