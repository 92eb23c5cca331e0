"""Opening, listing and ending sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.accounts.models import Session, User
from server.accounts.queries import sessions
from server.accounts.service import access_tokens, positions, refresh_tokens
from server.core import call, clock, credentials, events, ids
from server.core.errors import NotFound
from server.core.paging import Page
from server.core.principal import Principal
from userdata.accounts.v1 import account_events_pb2 as events_pb2

_IDLE: Final = timedelta(days=7)
_ABSOLUTE: Final = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client calls with, and when it has to refresh."""

    access_token: str
    refresh_token: str
    expire_time: datetime


def open_for(user: User, amr: list[str]) -> Tokens:
    """Begin a session for `user`, who has just proved who they are by the methods `amr` (RFC 8176)."""
    now = clock.now()
    current = call.current()
    session = Session.create(
        user=user.id,
        amr=amr,
        auth_time=now,
        user_agent=current.user_agent,
        ip_address=current.address,
        create_time=now,
        last_seen_time=now,
        expire_time=now + _IDLE,
    )
    return tokens(session)


def prolong(session: Session) -> None:
    """Note that `session` was refreshed now, from here, and move its end, at most to 31 days after its beginning."""
    now = clock.now()
    current = call.current()
    session.counter += 1
    session.user_agent = current.user_agent
    session.ip_address = current.address
    session.last_seen_time = now
    session.expire_time = min(now + _IDLE, session.create_time + _ABSOLUTE)
    session.save()


def tokens(session: Session) -> Tokens:
    """A new access token and the newest refresh token of `session`."""
    access_token, expire_time = access_tokens.issue(session)
    return Tokens(access_token, refresh_tokens.mint(session.id, session.counter), expire_time)


def listed(user_id: UUID, page: Page) -> tuple[list[Session], str]:
    """A page of the user's living sessions, the newest first, and the token of the next page."""
    rows = sessions.page(user_id, after=positions.after(page), limit=page.limit)
    return page.cut(rows, positions.of)


def end(user_id: UUID, session_id: UUID, cause: str) -> bool:
    """End one session for a cause of `Session.revoke_cause`; False when the user has no such living session."""
    ended = sessions.revoke(user_id, session_id, cause)
    if ended:
        _tell(user_id, session_id, cause)
    return ended


def end_all(user_id: UUID, cause: str, *, keep: UUID | None = None) -> int:
    """End all sessions of the user except `keep`, and all logins that wait for a second step; gives how many."""
    sessions.delete_challenges_of(user_id)
    ended = sessions.revoke_all(user_id, cause, keep=keep)
    for session_id in ended:
        _tell(user_id, session_id, cause)
    return len(ended)


def log_out(caller: Principal) -> None:
    """End the caller's own session."""
    if caller.session_id is not None:
        end(caller.own_id, caller.session_id, "LOGOUT")


def end_one_of(user_id: UUID, session_id: UUID) -> None:
    """End one of the user's own sessions. Raises NotFound."""
    if not end(user_id, session_id, "BY_USER"):
        raise NotFound


def _tell(user_id: UUID, session_id: UUID, cause: str) -> None:
    name = ids.encode("ses", session_id)
    payload = events_pb2.SessionRevoked(
        session_id=name,
        user_id=ids.encode("usr", user_id),
        cause=f"SESSION_REVOCATION_{cause}",
    )
    events.publish("session.revoked", payload, subject=name)
    credentials.revoke(name)
