"""The thread of the scheduler that starts workflows by schedule, however many schedulers there are."""

from typing import Final

import peewee
import structlog

from server.core import tenancy
from server.core.db import db
from server.core.errors import Unavailable
from server.workflows.service import schedules
from workers.stopping import Stop

#: Schedules that are started in one transaction.
_MOST: Final = 50
#: How often to look for schedules that were saved or resumed meanwhile, and how soon at the earliest.
_POLL_S: Final = 1.0
_SOONEST_S: Final = 0.02
_FAULT_S: Final = 5.0
_log = structlog.get_logger("schedules")


def serve(stop: Stop) -> None:
    """Start what is due until told to stop."""
    schedules_ = Schedules()
    while not stop.is_set():
        stop.wait(schedules_.turn())
    if not db.is_closed():
        db.close()


class Schedules:
    """Starts what is due, some at a time."""

    def __init__(self) -> None:
        self._away = False

    def turn(self) -> float:
        """Start what is due; gives the seconds until the next turn."""
        try:
            with tenancy.transaction():
                started = schedules.start_due(_MOST)
            with tenancy.reading():
                left = schedules.seconds_left()
        except Unavailable:
            if not self._away:
                _log.warning("away; schedules are started late", part="database")
            self._away = True
            return _POLL_S
        except peewee.OperationalError as error:
            _log.warning("schedules were in the way of others; it tries again", error=str(error).partition("\n")[0])
            return _SOONEST_S
        except Exception as error:  # noqa: BLE001 - what is due is due until it is started
            _log.exception("starting schedules failed; it tries again", exc_info=error)
            return _FAULT_S
        self._away = False
        if started == _MOST:
            return 0.0
        return _POLL_S if left is None else min(max(left, _SOONEST_S), _POLL_S)
