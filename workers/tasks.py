"""What is to be done periodically. Each task runs in a transaction of its own; large work becomes a job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import peewee
import structlog

from server.accounts.service.signing import rotate_if_due
from server.core import clock, jobs
from server.core.db import db
from userdata.jobs.v1.maintenance_pb2 import PurgeExpired, PurgeUsers, PurgeWorkspaces

_PARTITIONS_AHEAD: Final = 7
_log = structlog.get_logger("scheduler")


@dataclass(frozen=True)
class Task:
    """A task, done every so often. `name` is remembered in the database: renaming makes a new task."""

    name: str
    every: timedelta
    run: Callable[[], object]


def prepare_event_days() -> None:
    """Make the partitions of the coming days; one that cannot be made does not keep the others from it."""
    today = clock.now().date()
    for day in (today + timedelta(days=number) for number in range(_PARTITIONS_AHEAD + 1)):
        try:
            with db.atomic():
                db.execute_sql("SELECT prepare_days('event', %s, %s)", (day, day))
        except peewee.IntegrityError:
            # Events of that day are in the default partition already, and stay there.
            _log.warning("no partition for events of a day that has events already", day=day.isoformat())


TASKS: Final = (
    Task("event_days", timedelta(hours=1), prepare_event_days),
    Task("signing_keys", timedelta(hours=1), rotate_if_due),
    Task("purge_expired", timedelta(minutes=10), partial(jobs.enqueue, PurgeExpired())),
    Task("purge_users", timedelta(hours=1), partial(jobs.enqueue, PurgeUsers())),
    Task("purge_workspaces", timedelta(hours=1), partial(jobs.enqueue, PurgeWorkspaces())),
)
