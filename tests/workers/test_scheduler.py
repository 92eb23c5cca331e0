"""Periodic tasks: each when it is due, once, whatever happens to schedulers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from server.core import clock, jobs
from server.core.db import db
from server.core.telemetry import metrics
from tests.support.database import as_owner
from tests.support.wait import until
from tests.workers.conftest import enqueue, rows
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers
from workers.scheduler import Scheduler
from workers.tasks import BY_DAY, TASKS, Task, drop_days, prepare_days

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _prepared(worker_role):
    with clock.frozen(NOW):
        yield


class Work:
    """A task that counts its runs, or fails as told."""

    def __init__(self) -> None:
        self.runs = 0
        self.error: Exception | None = None

    def __call__(self) -> None:
        jobs.enqueue(PurgeUsers())
        self.runs += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def work():
    return Work()


def test_a_task_runs_when_it_is_new_and_then_after_each_interval(work):
    scheduler = Scheduler([Task("work", HOUR, work)])
    for minutes, runs in ((0, 1), (1, 1), (59, 1), (60, 2), (119, 2), (500, 3)):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            scheduler.turn()
        assert work.runs == runs


def test_a_restart_forgets_nothing(work):
    Scheduler([Task("work", HOUR, work)]).turn()
    Scheduler([Task("work", HOUR, work)]).turn()
    assert work.runs == 1


def test_many_schedulers_run_a_task_once(work, committed):
    def turn(_number):
        try:
            return Scheduler([Task("work", HOUR, work)]).turn()
        finally:
            db.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(16)))
    assert work.runs == 1
    assert len(rows(committed.url)) == 1


def test_a_task_that_fails_changes_nothing_and_does_not_keep_others_from_running(work, committed):
    work.error = RuntimeError("told to fail")
    other = Work()
    scheduler = Scheduler([Task("work", HOUR, work), Task("other", HOUR, other)])
    scheduler.turn()
    scheduler.turn()
    assert (work.runs, other.runs) == (1, 1)
    assert len(rows(committed.url)) == 1
    work.error = None
    Scheduler([Task("work", HOUR, work)]).turn()
    assert work.runs == 2


def test_jobs_are_counted_by_state(work):
    enqueue(PurgeUsers(), PurgeUsers())
    Scheduler([]).turn()
    assert metrics.JOBS_HELD.labels("READY")._value.get() == 2
    assert metrics.JOBS_HELD.labels("DEAD")._value.get() == 0


def days(url, table="event"):
    with as_owner(url) as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s", (f"^{table}_[0-9]{{8}}$",))
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def future(committed):
    """A time whose partitions are dropped after the test."""
    with clock.frozen(datetime(2031, 1, 1, 23, 59, tzinfo=UTC)):
        yield committed
    with as_owner(committed.url) as cursor:
        for table in BY_DAY:
            for name in days(committed.url, table):
                if "_2031" in name:
                    cursor.execute(f"DROP TABLE {name}")


def test_partitions_are_made_a_week_ahead_even_after_a_gap(future):
    with as_owner(future.url) as cursor:
        # Nobody made the partition of the second day in time: its events are in the default one.
        cursor.execute(
            "INSERT INTO event VALUES (gen_random_uuid(), NULL, 't', 's', '{}', 'a', 'r', '', '2031-01-02 12:00Z')"
        )
    with db.atomic():
        prepare_days()
    made = {f"event_203101{day:02}" for day in range(1, 9)}
    assert {name for name in days(future.url) if name > "event_2031"} == made - {"event_20310102"}
    for table in BY_DAY[1:]:
        made = {f"{table}_203101{day:02}" for day in range(1, 9)}
        assert {name for name in days(future.url, table) if name > f"{table}_2031"} == made


def test_every_table_of_days_is_kept_up(committed):
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'p'")
        assert {row[0] for row in cursor.fetchall()} == set(BY_DAY)


def test_what_is_past_its_retention_is_dropped_whole(future):
    with db.atomic():
        prepare_days()
    with as_owner(future.url) as cursor:
        cursor.execute(
            "INSERT INTO event VALUES (gen_random_uuid(), NULL, 't', 's', '{}', 'a', 'r', '', '2031-01-02 12:00Z'),"
            " (gen_random_uuid(), NULL, 't', 's', '{}', 'a', 'r', '', '2031-01-03 12:00Z'),"
            " (gen_random_uuid(), NULL, 't', 's', '{}', 'a', 'r', '', '2030-12-01 12:00Z')"
        )
    with clock.frozen(datetime(2031, 1, 3, 0, 1, tzinfo=UTC) + timedelta(days=90)), db.atomic():
        drop_days()
    for table in BY_DAY:
        assert min(days(future.url, table)) == f"{table}_20310103"
    with as_owner(future.url) as cursor:
        cursor.execute("SELECT create_time FROM event")
        assert cursor.fetchall() == [(datetime(2031, 1, 3, 12, tzinfo=UTC),)]
    # The tests that follow need today's partitions.
    with clock.frozen(datetime.now(UTC)), db.atomic():
        prepare_days()


def test_a_partition_that_is_being_read_waits_for_another_turn(future, monkeypatch):
    monkeypatch.setattr("workers.tasks._LOCK_TIMEOUT_MS", 50)
    with db.atomic():
        prepare_days()
    kept = days(future.url)
    with closing(psycopg2.connect(future.url)) as reader, clock.frozen(datetime(2041, 1, 1, tzinfo=UTC)), db.atomic():
        reader.cursor().execute("SELECT count(*) FROM event")
        drop_days()
    assert days(future.url) == kept
    assert min(days(future.url, "event_feed"), default=None) is None
    with clock.frozen(datetime.now(UTC)), db.atomic():
        prepare_days()


def test_the_products_tasks_run_as_the_workers_role(committed):
    Scheduler(TASKS).turn()
    kinds = sorted(row["type"].rpartition(".")[2] for row in rows(committed.url))
    assert kinds == ["PurgeExpired", "PurgeUsers", "PurgeWorkspaces"]
    with as_owner(committed.url) as cursor:
        cursor.execute("SELECT count(*) FROM signing_key")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM periodic_task WHERE run_time > %s", (NOW,))
        assert cursor.fetchone() == (len(TASKS),)


def test_the_process_runs_them(start, committed):
    start("scheduler").wait_for("task done", count=len(TASKS))
    until(lambda: len(rows(committed.url)) == 3)
