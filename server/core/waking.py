"""Waking listeners of channels after commits, a few times a hundredth of a second at most.

A NOTIFY within a transaction makes its commit wait for every other commit that has one (Postgres holds one lock for
all of them until the commit is on disk), and wakes the listeners once a commit. So it is sent afterwards, on a
connection of its own, once for all commits of some milliseconds. Listeners look by themselves from time to time: a
process that dies between its commit and the NOTIFY delays them, and loses nothing.
"""

import threading
from collections import deque
from typing import Final

import peewee
import structlog

from server.core.db import db
from server.core.errors import Unavailable

#: Between two NOTIFYs of one process.
INTERVAL_SECONDS: Final = 0.004
_log = structlog.get_logger("waking")


class Waker:
    """Wakes the listeners of one channel."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def wake(self) -> None:
        """Have the listeners woken within milliseconds. Never fails, and never waits."""
        _NOTIFIER.notify(self._channel)

    def wake_after_commit(self) -> None:
        """Have the listeners woken once the transaction is committed, and not at all if it is not."""
        db.after_commit(self.wake)


class _Notifier:
    """The thread of this process that sends NOTIFY, for all channels; it starts with the first."""

    def __init__(self) -> None:
        self._channels: deque[str] = deque()
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def notify(self, channel: str) -> None:
        """Have a NOTIFY sent."""
        self._channels.append(channel)
        self._due.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="waking", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._due.wait()
            self._due.clear()
            channels = sorted({self._channels.popleft() for _ in range(len(self._channels))})
            if not channels:
                continue
            try:
                db.execute_sql("".join(f"NOTIFY {channel};" for channel in channels))
            except (peewee.DatabaseError, Unavailable) as error:
                _log.debug("listeners not woken; they look by themselves", channels=channels, error=str(error))
            pause.wait(INTERVAL_SECONDS)


_NOTIFIER: Final = _Notifier()
