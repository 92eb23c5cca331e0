"""Being told to stop: SIGTERM or SIGINT ends waits at once, whatever they wait for."""

import asyncio
import select
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any


class Stop:
    """Becomes set with the first SIGTERM or SIGINT. Made in the main thread, waited for in any."""

    def __init__(self) -> None:
        self._event = threading.Event()
        # A signal handler may only do little: one byte wakes whoever selects.
        self._hears, self._tells = socket.socketpair()
        self._tells.settimeout(0)

    def on_signals(self) -> None:
        """Take over SIGTERM and SIGINT of this process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        """Stop."""
        if not self._event.is_set():
            self._event.set()
            self._tells.send(b"!")

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def on_set(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
        """Have `loop` call `callback` when the stop comes."""

        def heard() -> None:
            loop.remove_reader(self._hears)
            callback()

        loop.add_reader(self._hears, heard)

    def wait(self, seconds: float | None = None, *, or_readable: Any = None) -> bool:
        """Wait until the stop, for `seconds`, or until `or_readable` has something to read; gives `is_set`."""
        readable = [self._hears] if or_readable is None else [self._hears, or_readable]
        select.select(readable, [], [], seconds)
        return self.is_set()

    def close(self) -> None:
        """Let go of what it waits with."""
        self._hears.close()
        self._tells.close()
