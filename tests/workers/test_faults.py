"""What is killed, flushed or slow loses no job, and does none twice but the one that was in flight."""

import signal
import time
from collections import Counter
from datetime import timedelta

import redis

from tests.support import database as databases
from tests.support.database import as_owner
from tests.support.wait import until
from tests.workers.conftest import enqueue, insert, kill, rows
from tests.workers.process import LOCK, WAIT
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail
from userdata.jobs.v1.maintenance_pb2 import PurgeWorkspace


def mail_to(*numbers):
    return [SendVerificationEmail(user_id=f"user{number}@example.com") for number in numbers]


def addresses(*numbers):
    return sorted(f"user{number}@example.com" for number in numbers)


def done(postgres):
    return lambda: not rows(postgres.url)


def more_mail(mailbox, count, *, or_):
    """Whether `count` more mails have arrived, or nothing is left."""
    enough = len(mailbox.taken) + count
    return lambda: len(mailbox.taken) >= enough or or_()


def test_mail_goes_out_once_after_the_commit(committed, start, mailbox):
    start("relay"), start("work", SMTP_URL=mailbox.url)
    enqueue(*mail_to(*range(30)))
    until(done(committed))
    assert sorted(mailbox.addresses()) == addresses(*range(30))


def test_a_worker_killed_while_mail_is_in_flight_repeats_only_that_mail(committed, start, mailbox):
    mailbox.open.clear()
    start("relay")
    victim = start("work", SMTP_URL=mailbox.url, WORKER_THREADS="1")
    enqueue(*mail_to(*range(12)))
    assert mailbox.arrived.acquire(timeout=20)
    victim.kill()
    mailbox.open.set()
    start("work", SMTP_URL=mailbox.url)
    until(done(committed), within=30)
    counts = Counter(mailbox.addresses())
    assert sorted(counts) == addresses(*range(12))
    assert sum(counts.values()) <= 13
    twice = [m["Message-ID"] for m in mailbox.messages() if counts[m["To"].addresses[0].addr_spec] == 2]
    assert len(set(twice)) <= 1


def test_a_worker_killed_again_and_again_loses_nothing(committed, start, mailbox):
    start("relay")
    enqueue(*mail_to(*range(100)))
    kills = 0
    while rows(committed.url):
        victim = start("work", SMTP_URL=mailbox.url)
        until(more_mail(mailbox, 25, or_=done(committed)), within=30)
        victim.kill()
        kills += 1
    counts = Counter(mailbox.addresses())
    assert sorted(counts) == addresses(*range(100))
    # Four threads, so at most four were in flight at each kill.
    assert sum(counts.values()) <= 100 + 4 * kills


def test_a_relay_killed_again_and_again_loses_nothing_and_repeats_nothing(committed, start, mailbox):
    start("work", SMTP_URL=mailbox.url)
    for turn in range(4):
        victim = start("relay")
        enqueue(*mail_to(*range(turn * 50, turn * 50 + 50)))
        until(more_mail(mailbox, 1, or_=done(committed)))
        victim.kill()
    start("relay")
    until(done(committed), within=30)
    assert sorted(mailbox.addresses()) == addresses(*range(200))


def test_two_relays_and_two_workers_do_each_job_once(committed, start, mailbox):
    start("relay"), start("relay")
    start("work", SMTP_URL=mailbox.url), start("work", SMTP_URL=mailbox.url)
    for number in range(0, 120, 4):
        enqueue(*mail_to(*range(number, number + 4)))
    until(done(committed), within=30)
    assert sorted(mailbox.addresses()) == addresses(*range(120))


def test_a_flushed_redis_loses_no_job(committed, broker, start, mailbox):
    relay = start("relay")
    enqueue(*mail_to(*range(40)))
    with redis.Redis.from_url(broker.url) as client:
        until(lambda: client.hlen("userdata:jobs.msgs") == 2)
        client.flushall()
    assert {row["state"] for row in rows(committed.url)} == {"SENT"}
    start("work", SMTP_URL=mailbox.url)
    until(done(committed), within=30)
    assert sorted(mailbox.addresses()) == addresses(*range(40))
    assert relay.events("jobs taken back: their leases are over")


def test_a_redis_killed_under_load_loses_no_job(committed, broker, start, mailbox):
    relay, worker = start("relay"), start("work", SMTP_URL=mailbox.url)
    enqueue(*mail_to(*range(20)))
    until(lambda: mailbox.taken)
    kill(broker)
    enqueue(*mail_to(*range(20, 40)))
    relay.wait_for("away; jobs wait in the database")
    enqueue(*mail_to(*range(40, 50)))
    broker.start()
    relay.wait_for("back again")
    until(done(committed), within=40)
    assert sorted(mailbox.addresses()) == addresses(*range(50))
    assert len(relay.events("away; jobs wait in the database")) == 1
    # Nor does the worker repeat itself.
    alarms = [line["event"].partition(":")[0] for line in worker.lines() if line["level"] == "critical"]
    assert len(alarms) == len(set(alarms))


def test_a_worker_stops_in_time_while_redis_is_away(committed, broker, start, mailbox):
    start("relay")
    worker = start("work", SMTP_URL=mailbox.url)
    enqueue(*mail_to(1))
    until(done(committed))
    kill(broker)
    worker.wait_for_any("critical")
    assert worker.terminate() == 0


def test_a_postgres_killed_under_load_loses_no_job_and_repeats_none(tmp_path, start, mailbox):
    with databases.running_postgres(tmp_path / "own") as own:
        own.stop()
        # As in production, what is committed is on the disk.
        own.fsync = True
        own.start()
        relay = start("relay", DATABASE_URL=own.url)
        start("work", DATABASE_URL=own.url, SMTP_URL=mailbox.url)
        insert(own.url, mail_to(*range(40)))
        mailbox.open.clear()
        assert mailbox.arrived.acquire(timeout=20)
        kill(own)
        # What was in flight arrives while nobody can write down that it did.
        mailbox.open.set()
        relay.wait_for("away; jobs wait in the database")
        own.start()
        until(lambda: not rows(own.url), within=60)
    assert sorted(mailbox.addresses()) == addresses(*range(40))


def test_work_in_the_database_is_undone_with_the_worker_and_done_once(committed, start):
    start("relay")
    victim = start("work")
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        enqueue(PurgeWorkspace(workspace_id=WAIT))
        until(lambda: [row["state"] for row in rows(committed.url)] == ["RUNNING"])
        victim.kill()
    start("work")
    until(done(committed), within=30)
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT count(*) FROM event")
        assert cursor.fetchone() == (1,)


def test_a_job_longer_than_its_lease_keeps_it(committed, start):
    start("relay"), start("work"), start("work")
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        enqueue(PurgeWorkspace(workspace_id=WAIT))
        until(lambda: [row["state"] for row in rows(committed.url)] == ["RUNNING"])
        first = rows(committed.url)[0]["lease_time"]
        until(lambda: rows(committed.url)[0]["lease_time"].timestamp() > first.timestamp() + 3, within=20)
        assert [row["attempts"] for row in rows(committed.url)] == [1]
    until(done(committed))


def test_a_stop_ends_the_jobs_in_work_and_gives_back_the_others(committed, start, mailbox):
    mailbox.open.clear()
    relay = start("relay")
    worker = start("work", SMTP_URL=mailbox.url, WORKER_THREADS="1")
    enqueue(*mail_to(*range(10)))
    assert mailbox.arrived.acquire(timeout=20)
    worker.popen.send_signal(signal.SIGTERM)
    until(lambda: worker.events("Shutting down..."))
    mailbox.open.set()
    assert worker.popen.wait(5) == 0
    assert mailbox.addresses() == addresses(0)
    assert len(rows(committed.url)) == 9
    start("work", SMTP_URL=mailbox.url)
    until(done(committed))
    assert sorted(mailbox.addresses()) == addresses(*range(10))
    assert relay.terminate() == 0


def test_a_stop_does_not_wait_for_a_mail_server_that_does_not_answer(committed, start, mailbox):
    mailbox.open.clear()
    start("relay")
    worker = start("work", SMTP_URL=mailbox.url)
    enqueue(*mail_to(1))
    assert mailbox.arrived.acquire(timeout=20)
    began = time.monotonic()
    worker.terminate()
    assert time.monotonic() - began < 5
    assert [row["state"] for row in rows(committed.url)] == ["RUNNING"]


def test_idle_processes_stop_at_once(start):
    for name in ("relay", "work", "scheduler"):
        assert start(name).terminate(within=3) == 0


def test_a_job_for_later_waits_for_its_time(committed, start, mailbox):
    start("relay"), start("work", SMTP_URL=mailbox.url)
    enqueue(*mail_to(1), after=timedelta(seconds=2))
    due = rows(committed.url)[0]["run_time"]
    until(done(committed))
    assert mailbox.messages()[0]["Date"].datetime.timestamp() >= int(due.timestamp())
