"""Refreshing: a refresh token works once, and the return of an old one ends the session (RFC 9700 §4.14.2).

A client that never got the answer sends its token again; a thief sends one that its owner has used. The two differ
only in time, so the token before the newest is taken for 30 seconds more and gives the newest again.
"""

from datetime import timedelta
from typing import Final

from server.accounts.errors import RefreshTokenInvalid, RefreshTokenReused, SessionExpired, SessionRevoked
from server.accounts.models import Session
from server.accounts.queries import sessions as sessions_queries
from server.accounts.service import refresh_tokens, sessions
from server.core import clock, ids, jobs
from userdata.jobs.v1.mail_pb2 import SendSessionsRevokedEmail

GRACE: Final = timedelta(seconds=30)


def refresh(text: str) -> sessions.Tokens:
    """New tokens for the refresh token `text`.

    Raises RefreshTokenInvalid, SessionRevoked, SessionExpired, or RefreshTokenReused, which ends the session. Calls
    with the same token at once take turns, so one rotates and the others are given what it got.
    """
    token = refresh_tokens.read(text)
    session = sessions_queries.lock(token.session_id) if token else None
    if token is None or session is None or token.counter > session.counter:
        raise RefreshTokenInvalid
    _require_living(session)
    if token.counter == session.counter:
        sessions.prolong(session)
    elif not _is_late_repeat(token.counter, session):
        _end_reused(session)
        raise RefreshTokenReused
    return sessions.tokens(session)


def _require_living(session: Session) -> None:
    standing = sessions_queries.standing(session.id)
    if standing is None or standing.revoke_time or standing.lock_time or standing.delete_time:
        raise SessionRevoked
    if standing.expire_time <= clock.now():
        raise SessionExpired


def _is_late_repeat(counter: int, session: Session) -> bool:
    return counter == session.counter - 1 and clock.now() - session.last_seen_time <= GRACE


def _end_reused(session: Session) -> None:
    sessions.end(session.user, session.id, "REFRESH_TOKEN_REUSED")
    jobs.enqueue(
        SendSessionsRevokedEmail(user_id=ids.encode("usr", session.user), session_id=ids.encode("ses", session.id))
    )
