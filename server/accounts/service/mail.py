"""The letters of accounts. A worker calls these when it sends, not when somebody asked for the mail.

What a letter says is read now, and the token in its link is made now. None means that there is nothing to say any more:
the account is gone, the link was used or has expired. Each takes the id of a user and runs in a reading scope.

    template            values beside `name`, `locale` and `time_zone`
    verification        link, expire_time
    account_exists      login_link, reset_link     somebody registered with a verified account's e-mail
    account_unclaimed   link, expire_time          … with the e-mail of one that waits; the link sets a password
    password_reset      link, expire_time
    password_changed    reset_link
    session_revoked     device, ip_address, reset_link

Times are RFC 3339 in UTC. Links that carry a token end in it.
"""

from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

from server.accounts.models import User
from server.accounts.queries import sessions, users
from server.accounts.service import devices, mailed_tokens, password_reset
from server.accounts.service import verification as verifying
from server.core import config
from server.core.mail import Letter

_VERIFY: Final = "/verify-email"
_RESET: Final = "/reset-password"
_FORGOT: Final = "/forgot-password"
_LOGIN: Final = "/login"


def verification(user_id: UUID) -> Letter | None:
    """The link that verifies an e-mail."""
    user = users.by_id(user_id)
    if user is None or user.verification_expire_time is None or not verifying.is_open(user):
        return None
    token = mailed_tokens.mint(mailed_tokens.Kind.VERIFICATION, user.id, user.verification_version)
    return _letter(user, "verification", link=_link(_VERIFY, token), expire_time=_time(user.verification_expire_time))


def account_exists(user_id: UUID) -> Letter | None:
    """That somebody tried to register with the user's e-mail; how to come in when it was the user."""
    user = users.by_id(user_id)
    if user is None or user.email is None:
        return None
    if not user.email_verified and user.password_hash is None:
        return _with_reset_link(user, "account_unclaimed")
    return _letter(user, "account_exists", login_link=_link(_LOGIN), reset_link=_link(_FORGOT))


def reset(user_id: UUID) -> Letter | None:
    """The link that sets a new password."""
    user = users.by_id(user_id)
    return _with_reset_link(user, "password_reset") if user else None


def password_changed(user_id: UUID) -> Letter | None:
    """That the password was changed or reset."""
    user = users.by_id(user_id)
    return _letter(user, "password_changed", reset_link=_link(_FORGOT)) if user else None


def session_revoked(user_id: UUID, session_id: UUID) -> Letter | None:
    """That a session was ended because an old refresh token came back."""
    user, session = users.by_id(user_id), sessions.by_id(session_id)
    if user is None or session is None:
        return None
    return _letter(
        user,
        "session_revoked",
        device=devices.name(session.user_agent),
        ip_address=session.ip_address,
        reset_link=_link(_FORGOT),
    )


def _with_reset_link(user: User, template: str) -> Letter | None:
    if user.reset_expire_time is None or not password_reset.is_open(user):
        return None
    token = mailed_tokens.mint(mailed_tokens.Kind.RESET, user.id, user.reset_version)
    return _letter(user, template, link=_link(_RESET, token), expire_time=_time(user.reset_expire_time))


def _letter(user: User, template: str, **values: str) -> Letter | None:
    if user.email is None:
        return None
    person = {"name": user.display_name, "locale": user.locale, "time_zone": user.time_zone}
    return Letter(user.email, template, person | values)


def _link(path: str, token: str = "") -> str:
    address = config.read(config.Core).public_url.rstrip("/") + path
    return f"{address}?token={quote(token)}" if token else address


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
