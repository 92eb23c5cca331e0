"""The tail of the feed: one thread that reads what is new, once for all watchers of the process.

It is woken by the drain's NOTIFY, by watchers that join, and by a slow poll in case a notification was lost. A watcher
joins between two reads, so it is certain which events it gets. While nobody watches, nothing is read.
"""

import asyncio
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from datetime import timedelta
from typing import Any, Final

import psycopg2
import psycopg2.extensions
import structlog

from server.core import clock
from server.events.queries import following as queries
from server.events.queries.feed import CHANNEL
from server.events.service import following
from server.events.service.cursors import Place
from server.events.service.following import Filter
from server.streams.hub import Hub

#: Rows of the feed that are read at a time, and events that are in memory before they are handed over.
_ROWS: Final = 500
_EVENTS: Final = 50
_POLL_SECONDS: Final = 1.0
_RECONNECT_SECONDS: Final = 0.2
#: How old the place of the tail may grow while nothing comes.
_AGE: Final = timedelta(minutes=1)
_EVERYTHING: Final = Filter()
_log = structlog.get_logger("tail")


class Tail:
    """Reads the feed and gives it to `hub`, on `loop`."""

    def __init__(self, url: str, hub: Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._url, self._hub, self._loop = url, hub, loop
        self._place: Place | None = None
        self._stopped = False
        self._heard, self._bell = socket.socketpair()
        self._heard.settimeout(0)
        self._bell.settimeout(0)
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def start(self) -> None:
        """Begin; watchers that join wake it."""
        self._hub.wake = self.wake
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end. It does so within a poll; as a daemon it holds nobody up."""
        self._stopped = True
        self.wake()

    def wake(self) -> None:
        """Look at once."""
        try:
            self._bell.send(b"\0")
        except BlockingIOError:
            return  # it has been told many times already

    def _run(self) -> None:
        said = False
        while not self._stopped:
            try:
                connection = self._connect()
            except psycopg2.Error as error:
                if not said:
                    _log.warning("the feed cannot be read, watchers wait", error=str(error))
                    said = True
                time.sleep(_RECONNECT_SECONDS)
                continue
            said = False
            try:
                self._follow(connection)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                _log.warning("connection lost", error=str(error))
            except (RuntimeError, CancelledError):
                # The loop is closed: the process ends.
                return
            except Exception:  # noqa: BLE001 - a fault of ours must not leave every watcher without events for ever
                _log.exception("reading the feed failed")
                time.sleep(_RECONNECT_SECONDS)
            finally:
                connection.close()

    def _connect(self) -> Any:
        connection = psycopg2.connect(
            self._url,
            application_name="userdata-tail",
            connect_timeout=5,
            keepalives_idle=5,
            options="-c role=userdata_worker -c timezone=UTC -c statement_timeout=10000 -c jit=off",
        )
        connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        connection.cursor().execute(f"LISTEN {CHANNEL}")
        return connection

    def _follow(self, connection: Any) -> None:
        def execute(sql: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()  # type: ignore[no-any-return]

        while not self._stopped:
            if not self._step(execute):
                self._wait(connection)

    def _step(self, execute: queries.Run) -> bool:
        """Read on once; whether there is more to read at once."""
        if not self._hub.watched():
            self._place = None
            return False
        if self._place is None:
            self._place = self._newest(execute)
        place = self._place
        if joining := self._hub.joining():
            self._do(lambda: self._hub.admit(joining, place))
        return self._read(execute, place)

    def _newest(self, execute: queries.Run) -> Place:
        yesterday = clock.now() - timedelta(days=1)
        return Place(*(queries.head(execute, yesterday) or (0, yesterday)))

    def _read(self, execute: queries.Run, place: Place) -> bool:
        head = queries.head(execute, place.time)
        if head is None or head[0] <= place.position:
            now = clock.now()
            if now - place.time > _AGE:
                # Nothing is new, so cursors need not grow old.
                self._hand_over([], Place(place.position, now))
            return False
        watched = self._hub.watched()
        rows = queries.since(
            execute, place.position, place.time, through=head[0], workspaces=list(watched), limit=_ROWS
        )
        wanted = [row for row in rows if any(w.takes_type(row.type) for w in watched[row.workspace_id])]
        for start in range(0, len(wanted), _EVENTS):
            entries = following.entries(wanted[start : start + _EVENTS], _EVERYTHING, execute)
            if entries:
                self._hand_over(entries, entries[-1].place)
        last = rows[-1] if len(rows) == _ROWS else None
        self._hand_over([], Place(*head) if last is None else Place(last.position, last.feed_time))
        return last is not None

    def _hand_over(self, entries: Sequence[following.Entry], place: Place) -> None:
        self._do(lambda: self._hub.deliver(entries, place))
        # Only now: what was not handed over is read again after a fault.
        self._place = place

    def _do(self, action: Callable[[], None]) -> None:
        """Run `action` on the loop and wait for it, so that a busy loop is not given more and more."""

        async def act() -> None:
            action()

        asyncio.run_coroutine_threadsafe(act(), self._loop).result()

    def _wait(self, connection: Any) -> None:
        if not connection.notifies:
            select.select([connection, self._heard], [], [], _POLL_SECONDS)
        connection.poll()
        connection.notifies.clear()
        try:
            while self._heard.recv(4096):
                pass
        except BlockingIOError:
            return
