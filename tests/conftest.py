"""Fixtures of all tests. Each test process has a Postgres and, when a test asks for it, a Redis of its own."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.accounts.service import signing
from server.core.db import db
from server.core.telemetry import logs
from tests.support import database as databases
from tests.support.client import Client
from udb.embedded import Postgres, Redis

os.environ.setdefault("SECRET_KEYS", f"test:{base64.b64encode(b'0123456789abcdef' * 2).decode()}")
os.environ["PUBLIC_URL"] = "http://127.0.0.1:8080"
# Nobody answers there: a test that needs a server asks for its fixture.
os.environ.setdefault("DATABASE_URL", "postgresql://127.0.0.1:1/none")
os.environ.setdefault("BROKER_URL", "redis://127.0.0.1:1/0")
logs.configure("warning")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running Postgres with the product's schema, for the whole session."""
    with databases.running_postgres(tmp_path_factory.mktemp("pg")) as server:
        os.environ["DATABASE_URL"] = server.url
        db.open(server.url, role="userdata_app", application="tests")
        yield server
        if not db.is_closed():
            db.close()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A running Redis, for the whole session."""
    with databases.running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Postgres]:
    """The database, as the app's role, in a transaction that is rolled back after the test."""
    signing.forget()
    with db.atomic() as transaction:
        yield postgres
        transaction.rollback(begin=False)


@pytest.fixture
def committed(postgres: Postgres) -> Iterator[Postgres]:
    """The database for tests with threads or processes: what they commit is deleted after the test."""
    signing.forget()
    yield postgres
    databases.empty(postgres.url)


@pytest.fixture
def client() -> Client:
    """Calls the product's methods in this thread."""
    return Client()


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    """An empty folder for data."""
    return tmp_path
