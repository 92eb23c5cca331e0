"""Keeping the leases of the jobs this process works on, however long they take."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from server.core import clock
from server.core.errors import Unavailable
from workers import queries

_log = structlog.get_logger("leases")


class Leases:
    """The jobs in work; a thread renews their leases three times per `length`.

    A lease may thus be short, so that the jobs of a worker that died are soon given to another one.
    """

    def __init__(self, length: timedelta) -> None:
        self.length = length
        self._held: set[UUID] = set()
        self._changing = threading.Lock()

    def start(self) -> None:
        """Renew in a thread of its own, for the life of the process."""
        threading.Thread(target=self._renew_always, name="leases", daemon=True).start()

    def end(self) -> datetime:
        """When a lease that is given now is over."""
        return clock.now() + self.length

    @contextmanager
    def held(self, job_id: UUID) -> Iterator[None]:
        """Renew the lease of a job for the time of a block."""
        with self._changing:
            self._held.add(job_id)
        try:
            yield
        finally:
            with self._changing:
                self._held.discard(job_id)

    def renew(self) -> None:
        """Renew the leases of all jobs in work."""
        with self._changing:
            ids = list(self._held)
        if ids:
            queries.renew(ids, until=self.end())

    def _renew_always(self) -> None:
        rest = threading.Event()
        while not rest.wait(self.length.total_seconds() / 3):
            try:
                self.renew()
            except Unavailable:
                _log.warning("leases not renewed: the database is away")
