"""What is to be done periodically. Each task runs in a transaction of its own; large work becomes a job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import peewee
import structlog

from server.accounts.service.signing import rotate_if_due
from server.core import clock, jobs
from server.core.db import db
from server.events.service import retention
from server.workflows.service import forgetting
from userdata.jobs.v1.maintenance_pb2 import PurgeExpired, PurgeUsers, PurgeWorkspaces

#: The tables that are partitioned by day. All of them are kept as long as events are.
BY_DAY: Final = (
    "event",
    "event_feed",
    "webhook_delivery",
    "webhook_attempt",
    "webhook_skip",
    "webhook_receipt",
    "workflow_execution",
    "workflow_step",
    "workflow_log",
    "workflow_label",
)
#: Those of them that hold what belongs to executions. A day of which one is still open is kept.
_OF_EXECUTIONS: Final = frozenset({"workflow_execution", "workflow_step", "workflow_log", "workflow_label"})
_PARTITIONS_AHEAD: Final = 7
_LOCK_TIMEOUT_MS: Final = 2000
_log = structlog.get_logger("scheduler")


@dataclass(frozen=True)
class Task:
    """A task, done every so often. `name` is remembered in the database: renaming makes a new task."""

    name: str
    every: timedelta
    run: Callable[[], object]


def prepare_days() -> None:
    """Make the partitions of the coming days; one that cannot be made does not keep the others from it."""
    today = clock.now().date()
    for table in BY_DAY:
        for day in (today + timedelta(days=number) for number in range(_PARTITIONS_AHEAD + 1)):
            try:
                with _briefly_waiting():
                    db.execute_sql("SELECT prepare_days(%s, %s, %s)", (table, day, day))
            except peewee.IntegrityError:
                # Rows of that day are in the default partition already, and stay there.
                _log.warning("no partition for a day that has rows already", table=table, day=day.isoformat())
            except peewee.OperationalError as error:
                _log.warning("partition not made; it is tried again", table=table, error=str(error))


def drop_days() -> None:
    """Drop the partitions whose time is over; one that is being read is dropped at another turn."""
    kept_since = retention.kept_since()
    executions_kept_since = forgetting.kept_since(kept_since)
    for table in BY_DAY:
        before = (executions_kept_since if table in _OF_EXECUTIONS else kept_since).date()
        try:
            with _briefly_waiting():
                db.execute_sql("SELECT drop_days(%s, %s)", (table, before))
        except peewee.OperationalError as error:
            _log.warning("partitions not dropped; it is tried again", table=table, error=str(error))


@contextmanager
def _briefly_waiting() -> Iterator[None]:
    """Run a block in a savepoint that gives up on locks soon: while it waits, everybody else waits behind it."""
    with db.atomic():
        db.execute_sql(f"SET LOCAL lock_timeout = {_LOCK_TIMEOUT_MS}")
        yield
        db.execute_sql("SET LOCAL lock_timeout = 0")


TASKS: Final = (
    Task("prepare_days", timedelta(hours=1), prepare_days),
    Task("drop_days", timedelta(hours=1), drop_days),
    Task("signing_keys", timedelta(hours=1), rotate_if_due),
    Task("purge_expired", timedelta(minutes=10), partial(jobs.enqueue, PurgeExpired())),
    Task("purge_users", timedelta(hours=1), partial(jobs.enqueue, PurgeUsers())),
    Task("purge_workspaces", timedelta(hours=1), partial(jobs.enqueue, PurgeWorkspaces())),
)
