"""Fixtures of accounts."""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher

from server.accounts.service import passwords
from tests.accounts.world import Api
from tests.support.client import Client
from udb.embedded import Postgres


@pytest.fixture
def api(database: Postgres, client: Client) -> Api:
    """Short calls of accounts, in a transaction that is rolled back."""
    del database
    return Api(client)


@pytest.fixture(autouse=True)
def _cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hash cost next to nothing, except where the price itself is tested."""
    if "real_hashes" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def real_hashes() -> None:
    """Have passwords hashed as in production."""


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The password hashes that are computed from here on; each costs what the others do."""
    computed: list[str] = []
    for name in ("hashed", "matches"):
        compute = getattr(passwords, name)
        monkeypatch.setattr(passwords, name, _counting(compute, computed, name))
    return computed


def _counting(compute: Callable[..., Any], computed: list[str], name: str) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        computed.append(name)
        return compute(*arguments)

    return counted
