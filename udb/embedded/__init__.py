"""The servers that ship as wheels: Postgres, Redis and Envoy. Postgres and Redis also run alone, for tests."""

from udb.embedded.postgres import Postgres
from udb.embedded.redis import Redis

__all__ = ["Postgres", "Redis"]
