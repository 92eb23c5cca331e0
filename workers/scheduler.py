"""The scheduler: runs each periodic task when it is due, once, however many schedulers there are.

A thread beside it starts workflows by schedule (workers.schedules): those are due to the second, and a task that takes
its time does not hold them up.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from server.core import clock, tenancy
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.webhooks.queries import lanes
from workers import queries, schedules
from workers.models import PeriodicTask
from workers.stopping import Stop
from workers.tasks import TASKS, Task

_TURN_S: Final = 5.0
_AWAY_S: Final = 1.0
#: A task that failed is tried again after this time, or its own interval if that is shorter.
_AFTER_FAILURE: Final = timedelta(minutes=1)
#: Larger numbers of jobs are shown as this one: counting them all would be a scan.
_MOST_COUNTED: Final = 10_000
_log = structlog.get_logger("scheduler")


def serve(stop: Stop) -> None:
    """Run tasks until told to stop."""
    scheduler = Scheduler(TASKS)
    beside = threading.Thread(target=schedules.serve, args=(stop,), name="schedules")
    beside.start()
    _log.info("scheduler ready", tasks=len(TASKS))
    while not stop.is_set():
        stop.wait(scheduler.turn())
    beside.join()


class Scheduler:
    """Runs `tasks`. When each is due next stands in the database, so that a restart forgets nothing."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._not_before: dict[str, float] = {}
        self._away = False

    def turn(self) -> float:
        """Run what is due and count the jobs; gives the seconds until the next turn."""
        try:
            for name in self._due():
                self._run(self._tasks[name])
            for state, count in queries.held(most=_MOST_COUNTED).items():
                metrics.JOBS_HELD.labels(state).set(count)
            metrics.WEBHOOKS_OPEN.set(lanes.open_deliveries(most=_MOST_COUNTED))
        except Unavailable:
            if not self._away:
                _log.warning("the database is away")
            self._away = True
            return _AWAY_S
        self._away = False
        return _TURN_S

    def _due(self) -> list[str]:
        """The names of the tasks that are due; a new task is due at once."""
        now = clock.now()
        new = [{"name": name, "run_time": now} for name in self._tasks]
        PeriodicTask.insert_many(new).on_conflict_ignore().returning().execute()
        due = PeriodicTask.select(PeriodicTask.name).where(PeriodicTask.run_time <= now)
        names = {row.name for row in due}
        return [name for name in self._tasks if name in names and self._rested(name)]

    def _rested(self, name: str) -> bool:
        return self._not_before.get(name, 0.0) <= time.monotonic()

    def _run(self, task: Task) -> None:
        """Run a task unless another scheduler does; its effects and its next time are one transaction."""
        began = time.perf_counter()
        try:
            with tenancy.transaction():
                if not self._claim(task):
                    return
                task.run()
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the other tasks do not depend on this one
            rest = min(task.every, _AFTER_FAILURE)
            self._not_before[task.name] = time.monotonic() + rest.total_seconds()
            _log.exception("task failed", task=task.name, retry_seconds=rest.total_seconds(), exc_info=error)
        else:
            _log.info("task done", task=task.name, seconds=round(time.perf_counter() - began, 4))

    def _claim(self, task: Task) -> bool:
        now = clock.now()
        due = (PeriodicTask.name == task.name) & (PeriodicTask.run_time <= now)
        if not PeriodicTask.select(PeriodicTask.name).where(due).for_update(skip_locked=True).tuples().first():
            return False
        later = {PeriodicTask.run_time: now + task.every}
        PeriodicTask.update(later).where(PeriodicTask.name == task.name).execute()
        return True
