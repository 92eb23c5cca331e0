"""One attempt at one job, in this process, on the real database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from server.core import call, clock, events, ids
from server.core.db import db
from server.core.mail import Letter
from server.core.telemetry import metrics
from tests.support.database import as_owner
from tests.workers.conftest import enqueue, rows
from tests.workers.process import FAIL
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers, PurgeWorkspace
from userdata.webhooks.v1.webhook_events_pb2 import WebhookTest
from workers import queries, registry, retries
from workers.leases import Leases
from workers.retries import GiveUp
from workers.runner import Runner, describe

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _prepared(worker_role, handlers):
    del worker_role, handlers
    with clock.frozen(NOW):
        yield


class Post:
    """Takes letters, or fails as told."""

    def __init__(self) -> None:
        self.letters: list[tuple[Letter, UUID]] = []
        self.error: Exception | None = None
        self.before = lambda: None

    def deliver(self, letter, job_id):
        self.before()
        if self.error is not None:
            raise self.error
        self.letters.append((letter, job_id))


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def runner(post):
    return Runner(Leases(LEASE), post.deliver, pause=lambda _seconds: None)


def sent(*messages):
    """Jobs that were sent to the broker; gives their ids."""
    enqueue(*messages)
    return [job_id for job_id, _ in queries.claim(now=clock.now(), lease=LEASE, limit=100)]


def mail(address="ada@example.com"):
    return SendVerificationEmail(user_id=address)


def subjects(url):
    with as_owner(url) as cursor:
        cursor.execute("SELECT subject FROM event")
        return [row[0] for row in cursor.fetchall()]


def outcomes(message, outcome):
    return metrics.JOBS.labels(message.DESCRIPTOR.full_name, outcome)._value.get()


def test_a_job_that_is_done_is_gone(runner, post, committed):
    (job_id,) = sent(mail())
    before = outcomes(mail(), "done")
    runner.run(job_id)
    assert [letter.to for letter, _ in post.letters] == ["ada@example.com"]
    assert post.letters[0][1] == job_id
    assert rows(committed.url) == []
    assert outcomes(mail(), "done") == before + 1


def test_a_message_that_comes_twice_does_nothing(runner, post):
    (job_id,) = sent(mail())
    runner.run(job_id)
    runner.run(job_id)
    assert len(post.letters) == 1


def test_a_job_that_was_not_sent_is_not_taken(runner, post, committed):
    enqueue(mail())
    runner.run(rows(committed.url)[0]["id"])
    assert post.letters == []
    assert [row["state"] for row in rows(committed.url)] == ["READY"]


def test_a_letter_with_nothing_to_say_is_not_sent(runner, post, committed):
    (job_id,) = sent(mail("nobody"))
    runner.run(job_id)
    assert post.letters == []
    assert rows(committed.url) == []


def test_work_in_the_database_and_the_end_of_its_job_are_one_transaction(runner, committed):
    (job_id,) = sent(PurgeWorkspace(workspace_id="done"))
    runner.run(job_id)
    assert subjects(committed.url) == ["done"]
    assert rows(committed.url) == []


def test_a_failure_undoes_the_work_and_comes_back_later(runner, committed):
    (job_id,) = sent(PurgeWorkspace(workspace_id=FAIL))
    runner.run(job_id)
    assert subjects(committed.url) == []
    (row,) = rows(committed.url)
    assert (row["state"], row["attempts"], row["lease_time"]) == ("READY", 1, None)
    assert row["error"] == "OSError: told to fail"
    assert timedelta(seconds=12) <= row["run_time"] - NOW <= timedelta(seconds=18)


def test_a_job_is_dead_after_its_last_attempt(runner, post, committed):
    post.error = OSError("the mail server is away")
    enqueue(mail())
    with as_owner(committed.url) as cursor:
        for attempt in range(1, retries.MOST_ATTEMPTS + 1):
            ((job_id, _),) = queries.claim(now=clock.now(), lease=LEASE, limit=1)
            runner.run(job_id)
            (row,) = rows(committed.url)
            assert row["attempts"] == attempt
            cursor.execute("UPDATE job SET run_time = %s", (NOW,))
    assert (row["state"], row["error"]) == ("DEAD", "OSError: the mail server is away")
    assert queries.claim(now=clock.now() + timedelta(days=365), lease=LEASE, limit=1) == []


def test_a_hopeless_job_is_dead_at_once(runner, post, committed):
    post.error = GiveUp("The mailbox does not exist.")
    (job_id,) = sent(mail())
    runner.run(job_id)
    (row,) = rows(committed.url)
    assert (row["state"], row["attempts"]) == ("DEAD", 1)
    assert row["error"] == "GiveUp: The mailbox does not exist."


def test_a_payload_that_is_not_its_message_is_dead_at_once(runner, committed):
    (job_id,) = sent(mail())
    with as_owner(committed.url) as cursor:
        cursor.execute("UPDATE job SET payload = '\\xff'")
    runner.run(job_id)
    assert [row["state"] for row in rows(committed.url)] == ["DEAD"]


def test_a_worker_that_lost_its_lease_changes_nothing(runner, committed):
    def while_working(_message):
        events.publish("webhook.test", WebhookTest(), subject="late")
        with as_owner(committed.url) as cursor:
            # What the relay does after the lease, and the next worker after it.
            cursor.execute("UPDATE job SET attempts = attempts + 1")

    registry.HANDLERS.pop(PurgeUsers.DESCRIPTOR.full_name)
    registry.handles(PurgeUsers)(while_working)
    (job_id,) = sent(PurgeUsers())
    runner.run(job_id)
    assert subjects(committed.url) == []
    assert [row["state"] for row in rows(committed.url)] == ["RUNNING"]


def test_the_database_away_after_the_mail_went_out_does_not_repeat_it(runner, post, committed):
    def lose_connection():
        with as_owner(committed.url) as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tests'")

    post.before = lose_connection
    (job_id,) = sent(mail())
    runner.run(job_id)
    assert len(post.letters) == 1
    assert rows(committed.url) == []


def test_leases_of_jobs_in_work_are_renewed(runner, post, committed):
    seen: list[datetime] = []

    def look():
        with clock.frozen(NOW + timedelta(seconds=20)):
            runner._leases.renew()
        seen.extend(row["lease_time"] for row in rows(committed.url))

    post.before = look
    (job_id,) = sent(mail())
    runner.run(job_id)
    assert seen == [NOW + timedelta(seconds=20) + LEASE]
    assert runner._leases._held == set()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("connect to smtp://ada:secret@mail.example failed", "connect to smtp://***@mail.example failed"),
        ("bad link /verify?token=" + "Ab1-_" * 12, "bad link /verify?token=***"),
        ("one\ntwo", "one"),
    ],
)
def test_errors_are_kept_without_secrets(text, kept):
    assert describe(ValueError(text)) == f"ValueError: {kept}"


def test_errors_are_kept_short():
    assert len(describe(ValueError("very long " * 500))) == 500


def test_an_error_of_the_database_is_kept_without_the_row():
    with pytest.raises(Exception, match="duplicate") as caught:
        db.execute_sql("INSERT INTO periodic_task VALUES ('ada@example.com', now()), ('ada@example.com', now())")
    assert "ada@example.com" in str(caught.value)
    assert "ada@example.com" not in describe(caught.value)


def test_ids_of_jobs_are_their_request_ids(runner, post):
    seen = []
    post.before = lambda: seen.append((call.current().request_id, call.current().actor))
    (job_id,) = sent(mail())
    runner.run(job_id)
    assert seen == [(ids.encode("job", job_id), "system")]
