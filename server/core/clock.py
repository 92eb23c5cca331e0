"""The one source of the time, so that a test can stop it, move it and see what expires."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_shift = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """The present moment, aware, in UTC, with microseconds."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + _shift


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock of this process at `at`. For tests."""
    global _frozen
    before, _frozen = _frozen, at
    try:
        yield
    finally:
        _frozen = before


@contextmanager
def advanced(by: timedelta) -> Iterator[None]:
    """Run the clock of this process ahead by `by`. For tests."""
    global _shift
    before, _shift = _shift, _shift + by
    try:
        yield
    finally:
        _shift = before
