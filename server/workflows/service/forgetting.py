"""Forgetting what is past its use: idempotency keys after a day, slots that nobody needs, remembered outputs."""

from datetime import timedelta
from typing import Final

from server.core import clock
from server.workflows.queries import forgetting
from server.workflows.service.starting import KEYS_LAST

#: A slot is made anew when it is needed; those in use are not worth the trouble.
_SLOTS_LAST: Final = timedelta(days=1)


def forget_expired(limit: int) -> int:
    """Delete at most `limit` rows of each kind; gives how many, 0 when nothing is left to forget."""
    now = clock.now()
    gone = forgetting.forget_keys(before=now - KEYS_LAST, limit=limit)
    gone += forgetting.forget_slots(before=now - _SLOTS_LAST, limit=limit)
    return gone + forgetting.forget_outputs(before=now, limit=limit)
