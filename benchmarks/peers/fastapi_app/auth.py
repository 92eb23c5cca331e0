"""Who is calling, and may they: a token, its session, a membership, a permission."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import jwt
from cachetools import TTLCache
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peers.fastapi_app.config import settings
from benchmarks.peers.fastapi_app.database import engine, sessions, transaction
from benchmarks.peers.fastapi_app.models import Member, Session, now

PERMISSIONS = {
    "OWNER": frozenset({"workspaces.read", "workspaces.write", "workspaces.delete", "members.read", "members.write"}),
    "ADMIN": frozenset({"workspaces.read", "workspaces.write", "members.read", "members.write"}),
    "MEMBER": frozenset({"workspaces.read", "members.read"}),
    "VIEWER": frozenset({"workspaces.read"}),
}
CACHE_SECONDS = 60
REVOKED_CHANNEL = "session_revoked"

bearer = HTTPBearer(auto_error=False)
# A parsed key saves PyJWT from parsing PEM in every call.
public_key: Any = load_pem_public_key(settings().jwt_public_key.encode())


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, signed in until `expire_time`, seconds since the epoch."""

    user_id: UUID
    session_id: UUID
    expire_time: float


verified: TTLCache[str, Principal] = TTLCache(maxsize=10_000, ttl=CACHE_SECONDS)


def forget(_connection: object, _pid: int, _channel: str, session_id: str) -> None:
    """Drops the tokens of a revoked session."""
    for token in [token for token, who in verified.items() if str(who.session_id) == session_id]:
        verified.pop(token, None)


@asynccontextmanager
async def revocations() -> AsyncIterator[None]:
    """Listens for revoked sessions on a connection of its own."""
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener(REVOKED_CHANNEL, forget)
        yield
        await driver.remove_listener(REVOKED_CHANNEL, forget)


async def principal(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Principal:
    """The caller. Raises 401."""
    if credentials is None:
        raise unauthenticated()
    token = credentials.credentials
    who = verified.get(token)
    if who is None or who.expire_time <= time.time():
        who = verified[token] = await verify(token)
    return who


async def verify(token: str) -> Principal:
    """Checks signature, lifetime and audience, then that the session lives."""
    try:
        claims = jwt.decode(token, public_key, algorithms=["EdDSA"], audience=settings().jwt_audience)
        who = Principal(UUID(claims["sub"]), UUID(claims["sid"]), claims["exp"])
    except (jwt.InvalidTokenError, KeyError, ValueError) as error:
        raise unauthenticated() from error
    async with sessions.begin() as session:
        living = await session.scalar(
            select(Session.id).where(
                Session.id == who.session_id, Session.revoke_time.is_(None), Session.expire_time > now()
            )
        )
    if living is None:
        raise unauthenticated()
    return who


def unauthenticated() -> HTTPException:
    """Sign in again."""
    return HTTPException(
        status.HTTP_401_UNAUTHORIZED,
        "The access token is missing, wrong or over: sign in again.",
        headers={"WWW-Authenticate": "Bearer"},
    )


CurrentPrincipal = Annotated[Principal, Depends(principal)]


async def workspace_session(workspace_id: UUID, who: CurrentPrincipal) -> AsyncIterator[AsyncSession]:
    """The request's session, bound to the workspace of its path."""
    async with transaction(workspace_id=workspace_id, user_id=who.user_id) as session:
        yield session


# scope="function": committed before the answer leaves, so nobody is told of what did not last.
WorkspaceSession = Annotated[AsyncSession, Depends(workspace_session, scope="function")]


@dataclass(frozen=True)
class Require:
    """A dependency that lets members pass whose role holds the permission. Not-a-member reads like not-there."""

    permission: str

    async def __call__(self, workspace_id: UUID, who: CurrentPrincipal, session: WorkspaceSession) -> None:
        """Raises 404 or 403."""
        row = (
            await session.execute(
                select(Member.role, Member.extra_permissions).where(
                    Member.workspace_id == workspace_id, Member.user_id == who.user_id
                )
            )
        ).one_or_none()
        if row is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such workspace.")
        if self.permission not in PERMISSIONS[row.role] and self.permission not in row.extra_permissions:
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"The role lacks {self.permission}.")
