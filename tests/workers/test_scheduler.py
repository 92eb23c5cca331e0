"""Periodic tasks: each when it is due, once, whatever happens to schedulers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from server.core import clock, jobs
from server.core.db import db
from server.core.telemetry import metrics
from tests.support.database import as_owner
from tests.support.wait import until
from tests.workers.conftest import enqueue, rows
from userdata.jobs.v1.maintenance_pb2 import PurgeUsers
from workers.scheduler import Scheduler
from workers.tasks import TASKS, Task, prepare_event_days

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


def days(url):
    with as_owner(url) as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname ~ '^event_[0-9]{8}$'")
        return {row[0] for row in cursor.fetchall()}


def test_partitions_of_events_are_made_a_week_ahead_even_after_a_gap(committed):
    with clock.frozen(datetime(2031, 1, 1, 23, 59, tzinfo=UTC)):
        with as_owner(committed.url) as cursor:
            # Nobody made the partition of the second day in time: its events are in the default one.
            cursor.execute(
                "INSERT INTO event VALUES (gen_random_uuid(), NULL, 't', 's', '{}', 'a', 'r', '', '2031-01-02 12:00Z')"
            )
        with db.atomic():
            prepare_event_days()
        made = {f"event_203101{day:02}" for day in range(1, 9)} - {"event_20310102"}
        assert {name for name in days(committed.url) if name > "event_2031"} == made
    with as_owner(committed.url) as cursor:
        for name in made:
            cursor.execute(f"DROP TABLE {name}")


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
