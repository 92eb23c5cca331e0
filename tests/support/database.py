"""The tests' database: a real Postgres of our own, made by the real migrations."""

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from migrations.run import migrate
from udb import ports
from udb.embedded import Postgres, Redis

_KEPT = ("schema_migration", "event_drain")


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """An embedded Postgres in `folder` with the product's schema."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(ports.prefer(0)) as port:
        server = Postgres(
            folder / "postgres",
            port=port,
            password=secrets.token_urlsafe(16),
            log=folder / "postgres.log",
            sockets=folder,
            fsync=False,
        )
        with server:
            migrate(server.url)
            yield server


@contextmanager
def running_redis(folder: Path) -> Iterator[Redis]:
    """An embedded Redis in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(ports.prefer(0)) as port:
        server = Redis(folder / "redis", port=port, password=secrets.token_urlsafe(16), log=folder / "redis.log")
        with server:
            yield server


@contextmanager
def as_owner(url: str) -> Iterator[Any]:
    """A cursor of the database's owner, who is bound by no policy; every statement commits."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def empty(url: str) -> None:
    """Delete the rows of every table."""
    with as_owner(url) as cursor:
        cursor.execute(
            "SELECT string_agg(format('%%I', relname), ', ') FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
            " AND relname <> ALL (%s)",
            (list(_KEPT),),
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} CASCADE")
