"""TypeIDs: what the API shows of an id. A prefix names the kind, a UUIDv7 in base32 keeps the order of creation.

Sources: TypeID 0.3 (alphabet, 26 characters, first one at most 7), RFC 9562 §5.7 and §6.2 method 3 (UUIDv7 with
sub-millisecond bits, never going back within a process).
"""

import os
import re
import threading
import time
from uuid import UUID

from server.core.errors import FieldViolation, InvalidArgument

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_TAIL = re.compile("[0-7][0-9a-hjkmnp-tv-z]{25}")
#: From this alphabet to the one that `int` reads numbers of base 32 in.
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")

_lock = threading.Lock()
_last = 0


def new() -> UUID:
    """A UUIDv7, greater than every earlier one of this process."""
    global _last
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    tick = (milliseconds << 12) | (nanoseconds * 4096 // 1_000_000)
    with _lock:
        tick = _last = max(tick, _last + 1)
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
