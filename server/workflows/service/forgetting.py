"""Forgetting what is past its use: idempotency keys, slots that nobody needs, remembered outputs, old executions."""

from datetime import datetime, timedelta
from typing import Final

from server.core import clock
from server.workflows.queries import expiring, forgetting, starting
from server.workflows.service.starting import KEYS_LAST

#: A slot is made anew when it is needed; those in use are not worth the trouble.
_SLOTS_LAST: Final = timedelta(days=1)
#: Executions deleted at a time: each may have many records.
_EXECUTIONS: Final = 100


def forget_expired(limit: int) -> int:
    """Delete at most `limit` rows of each kind; gives how many, 0 when nothing is left to forget."""
    now = clock.now()
    gone = forgetting.forget_keys(before=now - KEYS_LAST, limit=limit)
    gone += forgetting.forget_outputs(before=now, limit=limit)
    gone += expiring.expire(min(limit, _EXECUTIONS), now=now)
    return gone + _forget_slots(now, limit)


def _forget_slots(now: datetime, limit: int) -> int:
    old = forgetting.hold_old_slots(before=now - _SLOTS_LAST, limit=limit)
    taken = starting.taken(old) if old else {}
    unused = sorted(slot for slot, present in taken.items() if not present.going and not present.is_queued)
    used = sorted(set(old) - set(unused))
    if unused:
        forgetting.delete_slots(unused)
    if used:
        # Those in use are not to be in the way of the others. A bucket that was full is full.
        starting.set_rates([(slot, now) for slot in used])
    return len(unused)


def kept_since(moment: datetime) -> datetime:
    """Before when days of executions may be dropped: at `moment`, or before the oldest execution that is still open."""
    oldest = expiring.oldest_open()
    return moment if oldest is None else min(moment, oldest)
