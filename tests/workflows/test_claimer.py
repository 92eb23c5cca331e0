"""A claimer whose turns fail: nothing is held that nobody runs, and nothing that was told is missed."""

from collections.abc import Iterator

import pytest

from server.core import ids, tenancy
from server.core.db import db
from server.workflows.queries import claiming
from server.workflows.service import poking
from server.workflows.service.loading import Library
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.workflows import probe
from tests.workflows.running import begin, chain, state_of
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres
from workers.running.claimer import Claimer


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by workers."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
    yield workspace
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def test_what_cannot_be_loaded_is_given_back(shop, monkeypatch) -> None:
    (execution,) = begin(shop, chain(1))
    runner, claimer = ids.new(), Claimer(probe.types())
    with tenancy.transaction():
        claiming.register(runner, lease_seconds=60)

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(Library, "load", fail)
        with pytest.raises(OSError, match="disk"):
            claimer.look(runner, 10, [])
    assert state_of(execution) == "RUNNING"
    claimer.give_back(runner, [])
    assert state_of(execution) == "READY"
    assert claimer.doubtful == set()
    assert [each.row.id for each in claimer.look(runner, 10, []).loaded] == [execution]


def test_a_wish_that_a_failed_turn_swallowed_is_told_again(shop, monkeypatch) -> None:
    (execution,) = begin(shop, chain(1))
    runner, claimer = ids.new(), Claimer(probe.types())
    with tenancy.transaction():
        claiming.register(runner, lease_seconds=60)
    claimer.look(runner, 10, [])
    with tenancy.transaction():
        poking.cancel([execution], reason="enough")

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr("workers.running.claimer.loading.read_answers", fail)
        with pytest.raises(OSError, match="disk"):
            claimer.look(runner, 10, [execution])
    wishes = claimer.look(runner, 10, []).wishes
    assert [wish.id for wish in wishes if wish.cancel_time is not None] == [execution]
