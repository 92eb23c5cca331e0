"""TypeIDs: what the API shows of an id. A prefix names the kind, a UUIDv7 in base32 keeps the order of creation.

Sources: TypeID 0.3 (alphabet, 26 characters, first one at most 7), RFC 9562 §5.7 and §6.2 method 3 (UUIDv7 with
sub-millisecond bits, never going back within a process).
"""

import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.core.errors import FieldViolation, InvalidArgument

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_TAIL = re.compile("[0-7][0-9a-hjkmnp-tv-z]{25}")
#: From this alphabet to the one that `int` reads numbers of base 32 in.
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_MS = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)

_SECOND = 1000 << 12

_lock = threading.Lock()
_last = 0
_last_at = 0


def new() -> UUID:
    """A UUIDv7, greater than every earlier one of this process."""
    global _last
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | (nanoseconds * 4096 // 1_000_000)
    with _lock:
        tick = _last = max(tick, _last + 1)
    return _with_tail(tick)


def new_at(moment: datetime) -> UUID:
    """A UUIDv7 of `moment`, greater than every earlier one unless the clock was set back by more than a second."""
    global _last_at
    microseconds = (moment - _EPOCH) // _MICROSECOND
    milliseconds, rest = divmod(microseconds, 1000)
    tick = (milliseconds << 12) | (rest * 4096 // 1000)
    with _lock:
        if tick <= _last_at < tick + _SECOND:
            tick = _last_at + 1
        _last_at = tick
    return _with_tail(tick)


def time_of(value: UUID) -> datetime:
    """The moment in a UUIDv7, in UTC, to the millisecond; at most the year 9999, which a made up id may be beyond."""
    return _EPOCH + timedelta(milliseconds=min(value.int >> 80, _LAST_MS))


def _with_tail(tick: int) -> UUID:
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | tail)


def encode(prefix: str, value: UUID) -> str:
    """`prefix_` and the 26 characters of `value`."""
    number = value.int
    pairs = [""] * 13
    for index in range(12, -1, -1):
        pairs[index] = _PAIRS[number & 0x3FF]
        number >>= 10
    return f"{prefix}_{''.join(pairs)}"


def matches(prefix: str, text: str) -> bool:
    """Whether `text` is a well-formed TypeID with this prefix."""
    head, _, tail = text.rpartition("_")
    return head == prefix and _TAIL.fullmatch(tail) is not None


def decode(prefix: str, text: str, *, field: str = "id") -> UUID:
    """The UUID inside `text`. Raises InvalidArgument naming `field` when it is not a TypeID with this prefix."""
    if not matches(prefix, text):
        raise InvalidArgument(violations=[FieldViolation(field, f"must be an id that starts with {prefix}_")])
    return UUID(int=int(text[len(prefix) + 1 :].translate(_DIGITS), 32))
