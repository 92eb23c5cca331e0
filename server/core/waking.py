"""Waking listeners of a channel after commits, a few times a hundredth of a second at most.

A NOTIFY within a transaction makes its commit wait for every other commit that has one (Postgres holds one lock for
all of them until the commit is on disk), and wakes the listeners once a commit. So it is sent afterwards, on a
connection of its own, once for all commits of some milliseconds. Listeners look by themselves from time to time: a
process that dies between its commit and the NOTIFY delays them, and loses nothing.
"""

import threading
from typing import Final

import peewee
import structlog

from server.core.db import db
from server.core.errors import Unavailable

#: Between two NOTIFYs of one process.
INTERVAL_SECONDS: Final = 0.004
_log = structlog.get_logger("waking")


class Waker:
    """Sends NOTIFY on one channel from a thread that starts with the first wake."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have the listeners woken within milliseconds. Never fails, and never waits."""
        self._due.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=f"waking-{self._channel}", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._due.wait()
            self._due.clear()
            try:
                db.execute_sql(f"NOTIFY {self._channel}")
            except (peewee.DatabaseError, Unavailable) as error:
                _log.debug("listeners not woken; they look by themselves", channel=self._channel, error=str(error))
            pause.wait(INTERVAL_SECONDS)
