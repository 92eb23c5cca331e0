"""Watches executions: one thread asks whether something is new, once for all watchers of the process.

While nobody watches, nothing is asked. What is new is read by each stream itself, when it is woken.
"""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg2
import psycopg2.extensions
import structlog

from server.events.service.following import Filter
from server.streams.hub import Watcher
from server.workflows.queries import watching
from server.workflows.queries.watching import Pulse

_POLL_SECONDS: Final = 0.2
_RECONNECT_SECONDS: Final = 0.5
_log = structlog.get_logger("poller")


class ExecutionWatcher(Watcher):
    """One reader of an execution."""

    __slots__ = ("execution_id",)

    def __init__(self, workspace_id: UUID, execution_id: UUID) -> None:
        super().__init__(workspace_id, Filter())
        self.execution_id = execution_id

    def wake(self) -> None:
        """Have the reader look."""
        self._woken.set()


class Poller:
    """Wakes watchers, on `loop`, when their executions have changed."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._url, self._loop = url, loop
        self._stopped = threading.Event()
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._watchers: dict[UUID, set[ExecutionWatcher]] = defaultdict(set)
        self._pulses: dict[UUID, Pulse] = {}
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Begin; the first watcher wakes it."""
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end. As a daemon it holds nobody up."""
        self._stopped.set()
        self._wanted.set()

    def add(self, watcher: ExecutionWatcher) -> None:
        """Wake `watcher` from now on; once at first, since something may have changed before."""
        with self._lock:
            self._watchers[watcher.execution_id].add(watcher)
            self._pulses.pop(watcher.execution_id, None)
        self._wanted.set()

    def remove(self, watcher: ExecutionWatcher) -> None:
        """Leave `watcher` alone."""
        with self._lock:
            watchers = self._watchers[watcher.execution_id]
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[watcher.execution_id]
                self._pulses.pop(watcher.execution_id, None)
            if not self._watchers:
                self._wanted.clear()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wanted.wait()
            try:
                self._follow()
            except psycopg2.Error as error:
                _log.warning("executions cannot be read, watchers wait", error=str(error))
                self._stopped.wait(_RECONNECT_SECONDS)
            except RuntimeError:
                # The loop is closed: the process ends.
                return

    def _follow(self) -> None:
        """Ask, again and again, as long as somebody watches."""
        connection = psycopg2.connect(
            self._url,
            application_name="userdata-poller",
            connect_timeout=5,
            keepalives_idle=5,
            options="-c role=userdata_worker -c timezone=UTC -c statement_timeout=10000 -c jit=off",
        )
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)

        def execute(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()

        try:
            while self._wanted.is_set() and not self._stopped.is_set():
                began = time.monotonic()
                self._look(execute)
                # Many watched executions take longer to ask about; at least half of the time the database rests.
                self._stopped.wait(max(_POLL_SECONDS, time.monotonic() - began))
        finally:
            connection.close()

    def _look(self, execute: watching.Run) -> None:
        with self._lock:
            watched = list(self._watchers)
        for pulse in watching.pulses(execute, watched) if watched else ():
            with self._lock:
                if self._pulses.get(pulse.id) == pulse or pulse.id not in self._watchers:
                    continue
                self._pulses[pulse.id] = pulse
                watchers = list(self._watchers[pulse.id])
            for watcher in watchers:
                self._loop.call_soon_threadsafe(watcher.wake)
