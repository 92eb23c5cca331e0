"""The relay: hands committed jobs to the broker, and takes back those that got lost on the way.

A claim commits before its message is sent. Killed in between, the jobs are sent again when their lease is over; the
other order would let a worker see an id that it may not take yet, and drop it. A message that is sent twice does
nothing: a worker takes each job by a statement of its own. Any number of relays may run, since claims skip locked rows.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import dramatiq
import structlog

from server.core import clock, config
from server.core.errors import Unavailable
from server.core.jobs import CHANNEL
from server.core.telemetry import metrics
from workers import broker, queries
from workers.conf import WorkersSettings
from workers.listener import Listener
from workers.stopping import Stop

#: Jobs claimed by one statement.
_CLAIM: Final = 500
#: Jobs in one message. Small, so that several threads share what came at once; a message costs little.
_MESSAGE: Final = 20
_POLL_S: Final = 1.0
#: While the broker holds as many jobs as it may.
_FULL_S: Final = 0.05
_LONGEST_DELAY_S: Final = 2.0
_log = structlog.get_logger("relay")


def serve(stop: Stop) -> None:
    """Relay until told to stop."""
    core, settings = config.read(config.Core), config.read(WorkersSettings)
    relay = Relay(broker.connect(core.broker_url.get_secret_value()), settings)
    with Listener(core.database_url.get_secret_value(), CHANNEL) as commits:
        _log.info("relay ready")
        while not stop.is_set():
            commits.wait(relay.turn(), stop)


class Relay:
    """Moves due jobs to `link`, a part of them in each turn."""

    def __init__(self, link: dramatiq.Broker, settings: WorkersSettings) -> None:
        self._link = link
        self._most = settings.jobs_in_flight
        self._lease = timedelta(seconds=settings.job_lease_seconds) / 3
        self._reclaimed = 0.0
        self._away = ""
        self._delay = 0.0

    def turn(self) -> float:
        """Do what is to be done now; gives the seconds after which the next turn is due without a commit."""
        try:
            if time.monotonic() - self._reclaimed >= _POLL_S:
                self._reclaim()
            pause = self._send_due()
        except Unavailable:
            return self._wait_for("database")
        except broker.FAULTS as error:
            return self._wait_for("broker", error)
        if self._away:
            _log.info("back again", part=self._away)
            self._away, self._delay = "", 0.0
        return pause

    def _send_due(self) -> float:
        """Send due jobs until none is left, or the broker holds enough."""
        free = self._most - queries.sent()
        # While the broker is away a single job is enough to find out when it is back.
        limit = 1 if self._away else min(free, _CLAIM)
        if limit <= 0:
            return _FULL_S
        jobs = queries.claim(now=clock.now(), lease=self._lease, limit=limit)
        self._send(jobs)
        return 0.0 if len(jobs) == limit else _POLL_S

    def _send(self, jobs: Sequence[tuple[UUID, str]]) -> None:
        """Send claimed jobs; on a fault of the broker those that were not sent can be claimed again at once."""
        left = [
            (job_type, ids[start : start + _MESSAGE])
            for job_type, ids in _by_type(jobs)
            for start in range(0, len(ids), _MESSAGE)
        ]
        try:
            while left:
                self._link.enqueue(broker.message(*left[0]))
                metrics.JOBS_SENT.inc(len(left.pop(0)[1]))
        finally:
            queries.unclaim([job_id for _, ids in left for job_id in ids])

    def _reclaim(self) -> None:
        self._reclaimed = time.monotonic()
        jobs = queries.reclaim(now=clock.now(), limit=_CLAIM)
        if jobs:
            _log.warning("jobs taken back: their leases are over", count=len(jobs))
        for job_id, job_type, state in jobs:
            if state == "DEAD":
                _log.error("job is dead", job=str(job_id), type=job_type, error=queries.DIED)
                metrics.JOBS.labels(job_type, "dead").inc()

    def _wait_for(self, part: str, error: Exception | None = None) -> float:
        """Say once that a part is away; gives the growing time until the next try."""
        if self._away != part:
            self._away, self._delay = part, 0.0
            _log.warning("away; jobs wait in the database", part=part, error=str(error) if error else None)
        self._delay = min(max(self._delay * 2, 0.1), _LONGEST_DELAY_S)
        return self._delay


def _by_type(jobs: Sequence[tuple[UUID, str]]) -> list[tuple[str, list[UUID]]]:
    types: defaultdict[str, list[UUID]] = defaultdict(list)
    for job_id, job_type in jobs:
        types[job_type].append(job_id)
    return list(types.items())
