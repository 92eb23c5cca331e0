"""Proving that one reads the mailbox of one's account."""

from datetime import timedelta
from typing import Final

from server.accounts.errors import VerificationTokenInvalid
from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import mailed_tokens, people
from server.core import clock, ids, jobs
from userdata.jobs.v1.mail_pb2 import SendVerificationEmail

LIFETIME: Final = timedelta(hours=24)


def mail(user: User) -> None:
    """Have a new verification link mailed; earlier ones stop working."""
    user.verification_version += 1
    user.verification_expire_time = clock.now() + LIFETIME
    user.save()
    jobs.enqueue(SendVerificationEmail(user_id=ids.encode("usr", user.id)))


def verify(token: str) -> User:
    """The account whose e-mail `token` verifies. Raises VerificationTokenInvalid."""
    named = mailed_tokens.read(mailed_tokens.Kind.VERIFICATION, token)
    user = users.lock(named.user_id) if named else None
    if named is None or user is None or not is_open(user) or named.version != user.verification_version:
        raise VerificationTokenInvalid
    people.acknowledge(user.id)
    user.verification_expire_time = None
    people.change(user, email_verified=True)
    return user


def is_open(user: User) -> bool:
    """Whether the newest verification link of `user` still works."""
    expire_time = user.verification_expire_time
    waits = not user.email_verified and user.delete_time is None
    return waits and expire_time is not None and expire_time > clock.now()
