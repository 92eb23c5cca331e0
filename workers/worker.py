"""The worker process: Dramatiq's threads, in one process without its command line, so that a signal reaches them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import dramatiq
import structlog

from server.core import config
from server.core.errors import Unavailable
from workers import broker, queries
from workers.conf import WorkersSettings
from workers.leases import Leases
from workers.mail.delivery import deliverer
from workers.registry import HANDLERS
from workers.runner import Runner
from workers.stopping import Stop

#: How long a stop waits for the jobs in work. What is not done by then is repeated once its lease is over.
_GRACE_MS: Final = 2_500
#: How long idle threads wait before they look whether to stop.
_IDLE_MS: Final = 500
_log = structlog.get_logger("worker")


def serve(stop: Stop) -> None:
    """Work on jobs until told to stop."""
    settings = config.read(WorkersSettings)
    leases = Leases(timedelta(seconds=settings.job_lease_seconds))
    leases.start()
    runner = Runner(leases, deliverer(settings))
    link = broker.connect(config.read(config.Core).broker_url.get_secret_value())
    declare(link, runner, stop)
    worker = dramatiq.Worker(link, worker_threads=settings.worker_threads, worker_timeout=_IDLE_MS)
    worker.start()
    _log.info("worker ready", threads=settings.worker_threads, types=len(HANDLERS))
    stop.wait()
    worker.stop(timeout=_GRACE_MS)


def declare(link: dramatiq.Broker, runner: Runner, stop: Stop) -> None:
    """Make one actor for each type of job."""
    for name in HANDLERS:
        dramatiq.actor(actor_name=name, queue_name=broker.QUEUE, broker=link)(_actor(runner, stop))


def _actor(runner: Runner, stop: Stop) -> Callable[[list[str]], None]:
    def work(texts: list[str]) -> None:
        ids = [UUID(text) for text in texts]
        try:
            while ids and not stop.is_set():
                runner.run(ids.pop(0))
            if ids:
                queries.unclaim(ids)
                queries.wake_relay()
        except Unavailable:
            # The leases bring back what this leaves behind.
            _log.warning("jobs left for later: the database is away", count=len(ids))

    return work
