"""A runner's lease: it says every two seconds that it is alive, and gives back what dead runners held.

All of it happens in a thread and on a connection of its own, so that a busy runner is not taken for a dead one.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import peewee
import structlog

from server.core import ids, tenancy
from server.core.db import db
from server.core.errors import Unavailable
from server.workflows.queries import claiming
from workers.stopping import Stop

#: A runner whose lease is over is dead. The next sweep gives what it held to others: within 10 s of its last breath.
LEASE_SECONDS: Final = 6.0
BEAT_SECONDS: Final = 2.0
_SWEPT: Final = 5000
_log = structlog.get_logger("runner")


class Heart:
    """Beats until told to stop. `died` is called when the runner was taken for dead, with the id that it has now."""

    def __init__(self, stop: Stop, *, died: Callable[[UUID], object], swept: Callable[[], object]) -> None:
        self._stop, self._died, self._swept = stop, died, swept
        self.runner_id = ids.new()

    def register(self) -> None:
        """Tell that the runner is there."""
        with tenancy.transaction():
            claiming.register(self.runner_id, lease_seconds=LEASE_SECONDS)

    def run(self) -> None:
        """Beat."""
        while not self._stop.is_set():
            self._stop.wait(self.beat())
        if not db.is_closed():
            db.close()

    def beat(self) -> float:
        """Beat once; gives the seconds until the next beat."""
        try:
            with tenancy.transaction():
                alive = claiming.beat(self.runner_id, lease_seconds=LEASE_SECONDS)
            if not alive:
                _log.warning("taken for dead; what it ran goes on elsewhere")
                self.runner_id = ids.new()
                self.register()
                self._died(self.runner_id)
            if self.sweep():
                self._swept()
        except (Unavailable, peewee.DatabaseError) as error:
            _log.warning("no beat; it is tried again", error=str(error).partition("\n")[0])
            return BEAT_SECONDS / 4
        return BEAT_SECONDS

    def sweep(self) -> int:
        """Give back what dead runners held; gives how many executions."""
        with tenancy.transaction():
            db.scope.prefix += claiming.PLANS
            claiming.bury()
            count = claiming.sweep(_SWEPT)
        if count:
            _log.warning("executions of a dead runner go on", count=count)
        return count
