"""Keeping the log readable while the broker is away: Dramatiq and pika tell it with each try of each thread."""

import logging
import time
from typing import Final

_LIBRARIES: Final = ("dramatiq", "pika")
_PAUSE_S: Final = 60.0


class _OnceAMinute(logging.Filter):
    """Lets each kind of record of the broker's libraries pass once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_LIBRARIES):
            return True
        kind, now = str(record.msg), time.monotonic()
        if now - self._passed.get(kind, -_PAUSE_S) < _PAUSE_S:
            return False
        self._passed[kind] = now
        return True


def quieten() -> None:
    """Have this process say the same thing about its broker at most once a minute."""
    once = _OnceAMinute()
    for handler in logging.getLogger().handlers:
        handler.addFilter(once)
