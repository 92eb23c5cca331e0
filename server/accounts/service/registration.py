"""Registering an account.

The caller never learns whether an e-mail is taken: the answer, the price of the password's hash and the pause between
mails are the same. The mailbox learns the truth:

- nobody has the e-mail: an account is made and a verification link is mailed;
- a verified account has it: its holder is told, nothing changes;
- an account that waits for its verification has it, and the password is the same: the same person asks again, and gets
  the link again;
- such an account has it, and the password is another: one of the two does not read this mailbox, and nobody knows
  which. So neither password counts any more, and the mailbox gets a link to set one. Otherwise somebody could register
  another's e-mail, wait until its holder registers too and follows a link, and then share the account.
"""

from server.accounts import convert
from server.accounts.errors import ResendTooSoon
from server.accounts.models import User
from server.accounts.queries import users
from server.accounts.service import password_reset, passwords, throttle, verification
from server.core import emails, events, ids, jobs
from userdata.accounts.v1.account_events_pb2 import UserCreated
from userdata.jobs.v1.mail_pb2 import SendAccountExistsEmail


def register(email: str, password: str, display_name: str) -> None:
    """Make an account, or tell the mailbox why not. Raises PasswordTooCommon or PasswordContainsEmail."""
    passwords.check(password, email=email, field="password")
    key = emails.key(email)
    holder = users.by_email(key)
    if holder is None:
        password_hash = passwords.hashed(password)
        throttle.claim(throttle.Kind.REGISTRATION, key)
        user = User(email=email, email_key=key, password_hash=password_hash, display_name=display_name)
        if create(user):
            verification.mail(user)
        elif (winner := users.by_email(key)) is not None:
            _register_again(winner, is_same=passwords.matches(winner.password_hash, password), may_mail=False)
        return
    is_same = passwords.matches(holder.password_hash, password)
    may_mail = throttle.claim(throttle.Kind.REGISTRATION, key) is None
    _register_again(holder, is_same=is_same, may_mail=may_mail)


def resend(email: str) -> None:
    """Mail the verification link again, if there is an account that waits for it. Raises ResendTooSoon."""
    key = emails.key(email)
    wait = throttle.claim(throttle.Kind.REGISTRATION, key)
    if wait is not None:
        raise ResendTooSoon(wait)
    holder = users.by_email(key)
    user = users.lock(holder.id) if holder else None
    if user is None or user.email_verified or user.delete_time is not None:
        return
    if user.password_hash is None:
        _tell_unclaimed(user)
    else:
        verification.mail(user)


def create(user: User) -> bool:
    """Add `user` and publish `user.created`; False when the e-mail is taken."""
    if not users.insert(user):
        return False
    message = convert.user(user)
    events.publish("user.created", UserCreated(user=message), subject=message.id)
    return True


def _register_again(holder: User, *, is_same: bool, may_mail: bool) -> None:
    user = users.lock(holder.id)
    if user is None or user.email is None:
        return
    if user.email_verified or user.delete_time is not None:
        if may_mail:
            _tell_holder(user)
    elif is_same and user.password_hash == holder.password_hash:
        if may_mail:
            verification.mail(user)
    elif may_mail or user.password_hash is not None:
        # The second mail within a minute is possible, once: who is shut out must learn how to come in.
        _tell_unclaimed(user)


def _tell_holder(user: User) -> None:
    jobs.enqueue(SendAccountExistsEmail(user_id=ids.encode("usr", user.id)))


def _tell_unclaimed(user: User) -> None:
    """Let no password open the unverified account `user`, and mail a link that sets one."""
    user.password_hash = None
    password_reset.issue(user)
    _tell_holder(user)
