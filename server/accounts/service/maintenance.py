"""Dropping rows that are past their use, a bounded number at a time."""

from datetime import timedelta
from typing import Final

from server.accounts.queries import limits, sessions, totp
from server.accounts.service import throttle
from server.core import clock

#: How long an ended session can still be looked up when its owner asks what happened.
_KEEP_SESSIONS: Final = timedelta(days=30)


def purge_expired(limit: int) -> int:
    """Drop at most `limit` rows of each kind; gives how many went.

    For a worker, inside a transaction, again until it gives 0.
    """
    now = clock.now()
    return (
        sessions.delete_ended(now - _KEEP_SESSIONS, limit)
        + sessions.delete_expired_challenges(limit)
        + totp.delete_lapsed_enrolments(limit)
        + limits.delete_expired_failures(limit)
        + limits.delete_old_mail_claims(now - throttle.PAUSE, limit)
    )
