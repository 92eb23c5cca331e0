"""The engine and the sessions of a request (https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.peers.fastapi_app.config import settings

engine = create_async_engine(
    settings().database_url,
    pool_size=settings().pool_size,
    max_overflow=0,
    # jit=off: asyncpg's own advice for short statements. The role keeps row-level security in force.
    connect_args={"server_settings": {"role": settings().database_role, "jit": "off"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)

# Local to the transaction, so a pooled connection never carries one request's tenant into the next.
SET_TENANT = text("SELECT set_config('app.workspace_id', :workspace, true), set_config('app.user_id', :user, true)")


@asynccontextmanager
async def transaction(*, workspace_id: UUID, user_id: UUID) -> AsyncIterator[AsyncSession]:
    """A transaction in which row-level security shows this workspace alone."""
    async with sessions.begin() as session:
        await session.execute(SET_TENANT, {"workspace": str(workspace_id), "user": str(user_id)})
        yield session
