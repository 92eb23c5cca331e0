"""Hearing NOTIFY of the database: a connection of its own that listens on one channel."""

from typing import Any, Self

import psycopg2
import psycopg2.extensions
import structlog

from workers.stopping import Stop

_log = structlog.get_logger("listener")


class Listener:
    """Waits for notifications. While the database is away a wait lasts as long as it may, and no wait fails."""

    def __init__(self, url: str, channel: str) -> None:
        self._url, self._channel = url, channel
        self._connection: Any = None

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._close()

    def wait(self, seconds: float, stop: Stop) -> None:
        """Wait until somebody notified, at most `seconds`, or until the stop."""
        if self._connection is None and self._connect():
            return  # the caller looks for what was notified meanwhile
        if not self._heard() and seconds > 0:
            stop.wait(seconds, or_readable=self._connection)
            self._heard()

    def _heard(self) -> bool:
        """Whether somebody notified since the last time; forgets it."""
        if self._connection is None:
            return False
        try:
            self._connection.poll()
        except psycopg2.Error:
            self._close()
            return False
        heard = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return heard

    def _connect(self) -> bool:
        try:
            self._connection = psycopg2.connect(
                self._url,
                application_name="userdata-listener",
                connect_timeout=5,
                keepalives_idle=5,
                options="-c role=userdata_worker",
            )
            self._connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
            self._connection.cursor().execute(f"LISTEN {self._channel}")
        except psycopg2.Error:
            self._close()
            return False
        return True

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
