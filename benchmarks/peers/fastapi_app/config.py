"""Settings, read once from the environment (https://fastapi.tiangolo.com/advanced/settings/)."""

from functools import cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """What a process of the peer needs."""

    database_url: str
    """A `postgresql+asyncpg://` URL."""
    database_role: str
    """Without rights to pass by row-level security."""
    pool_size: int = 16
    """Half of the load's 32 connections: two processes share them. More would wait in the event loop anyway."""
    jwt_public_key: str
    """Ed25519, PEM."""
    jwt_audience: str = "peer"


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()  # type: ignore[call-arg]  # filled from the environment
