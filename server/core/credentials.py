"""Verified credentials, cached in the process for a short time and dropped at once when they are revoked.

Verifying a token costs a signature and a query; almost every call carries one that was verified a moment ago. A
revocation is a NOTIFY in the transaction that revokes, so every process drops what it holds within milliseconds of
the commit. While a process does not hear the channel, it caches nothing.
"""

import select
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg2
import psycopg2.extensions
import structlog

from server.core import clock
from server.core.db import db
from server.core.principal import Principal

CHANNEL: Final = "revoked"
_KEEP: Final = timedelta(seconds=60)
_MOST: Final = 20_000
_RECONNECT_SECONDS: Final = 0.2
_log = structlog.get_logger("credentials")


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that held when it was verified.

    `expire_time` bounds how long it may be believed, `tags` are the names (TypeIDs of session, key, user, …) under
    which it can be revoked.
    """

    principal: Principal
    expire_time: datetime
    tags: tuple[str, ...]


#: Takes the credential's text, gives what it proves, or raises Unauthenticated.
Verifier = Callable[[str], Verified]


def revoke(tag: str) -> None:
    """Make every process forget the credentials that carry `tag`, when the current transaction commits."""
    db.execute_sql("SELECT pg_notify(%s, %s)", (CHANNEL, tag))


class Credentials:
    """Verifies credentials by their prefix, and remembers."""

    def __init__(self, verifiers: Mapping[str, Verifier], *, otherwise: Verifier) -> None:
        """`verifiers` by the first four characters of the credentials they take, `otherwise` for all others."""
        self._verifiers = dict(verifiers)
        self._otherwise = otherwise
        self._held: dict[str, Verified] = {}
        self._lock = threading.Lock()
        self._listening = False
        self._revocations = 0
        #: Called, in the thread that listens, with the tag of each revocation once it holds here.
        self.on_revoked: Callable[[str], None] = lambda _tag: None

    def authenticate(self, token: str) -> Principal:
        """The principal that `token` proves. Raises Unauthenticated."""
        held = self._held.get(token)
        if held is not None and held.expire_time > clock.now():
            return held.principal
        revocations = self._revocations
        verified = self._verifiers.get(token[:4], self._otherwise)(token)
        self._hold(token, verified, revocations)
        return verified.principal

    def listen(self, url: str) -> None:
        """Start hearing revocations in a thread of its own, for the life of the process; from then on, cache."""
        threading.Thread(target=self._hear_always, args=(url,), name="revocations", daemon=True).start()

    def _hold(self, token: str, verified: Verified, revocations: int) -> None:
        expire_time = min(verified.expire_time, clock.now() + _KEEP)
        with self._lock:
            # A revocation heard since the query began may be about what the query found.
            if not self._listening or self._revocations != revocations:
                return
            while len(self._held) >= _MOST:
                del self._held[next(iter(self._held))]
            self._held[token] = Verified(verified.principal, expire_time, verified.tags)

    def _drop(self, tag: str) -> None:
        with self._lock:
            self._revocations += 1
            for token in [token for token, held in self._held.items() if tag in held.tags]:
                del self._held[token]

    def _set_listening(self, *, listening: bool) -> None:
        with self._lock:
            self._listening = listening
            self._revocations += 1
            self._held.clear()

    def _hear_always(self, url: str) -> None:
        said = False
        while True:
            try:
                self._hear(url)
            except psycopg2.Error as error:
                # Once an outage: a channel that was heard in between begins another.
                if self._listening or not said:
                    _log.warning("revocations not heard: credentials are verified on every call", error=str(error))
                    said = True
                self._set_listening(listening=False)
                time.sleep(_RECONNECT_SECONDS)

    def _hear(self, url: str) -> None:
        connection = psycopg2.connect(url, application_name="userdata-revocations", keepalives_idle=5)
        try:
            connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
            connection.cursor().execute(f"LISTEN {CHANNEL}")
            self._set_listening(listening=True)
            while True:
                select.select([connection], [], [])
                connection.poll()
                while connection.notifies:
                    tag = connection.notifies.pop(0).payload
                    self._drop(tag)
                    self.on_revoked(tag)
        finally:
            connection.close()
