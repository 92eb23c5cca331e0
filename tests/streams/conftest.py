"""Fixtures of the tests of the streams process.

A running process has verified credentials and knows the signing keys, so what is committed stays until a module's end;
each test has a workspace of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.accounts.service import signing
from tests.streams.harness import Grpc, Process, World, make_world
from tests.support import database as databases
from udb.embedded import Postgres


@pytest.fixture(scope="module")
def kept(postgres: Postgres) -> Iterator[Postgres]:
    """The database, whose rows are deleted after the module."""
    signing.forget()
    yield postgres
    databases.empty(postgres.url)
    signing.forget()


@pytest.fixture(scope="module")
def process(kept: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A streams process for the module's tests."""
    running = Process(kept.url, tmp_path_factory.mktemp("streams"))
    yield running
    running.close()


@pytest.fixture
def own(kept: Postgres, tmp_path: Path) -> Iterator[Process]:
    """A streams process for one test, with a small limit of streams for each workspace."""
    running = Process(kept.url, tmp_path, STREAMS_PER_WORKSPACE="3")
    yield running
    running.close()


@pytest.fixture
def world(kept: Postgres) -> World:
    """A workspace with nothing in its feed."""
    return make_world(kept.url)


@pytest.fixture
def client(process: Process, world: World) -> Iterator[Grpc]:
    """The owner, over gRPC."""
    with Grpc(process.grpc_port, world.owner.token) as client:
        yield client
