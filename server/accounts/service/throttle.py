"""At most one mail a minute to one mailbox at strangers' request, and the same answer when nobody has the mailbox."""

from datetime import timedelta
from enum import Enum
from typing import Final

from server.accounts.queries import limits
from server.core import clock, crypto

PAUSE: Final = timedelta(minutes=1)


class Kind(Enum):
    """What the mail is about. Everything that registration causes counts together."""

    REGISTRATION = "registration"
    RESET = "reset"


def claim(kind: Kind, email_key: str) -> timedelta | None:
    """Take the mailbox's turn for one mail of this kind; or give how long to wait for the next."""
    mailbox = crypto.ring().mac("mailbox", f"{kind.value}\n{email_key}".encode())
    asked_time = limits.claim_mail(mailbox, PAUSE)
    return None if asked_time is None else max(asked_time + PAUSE - clock.now(), timedelta(seconds=1))
