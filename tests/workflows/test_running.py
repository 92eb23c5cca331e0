"""A runner, from the start of an execution to its end, on a real database."""

from collections.abc import Iterator

import pytest

from server.core import tenancy
from server.core.db import db
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.workflows.running import ask, begin, chain, finished, problems, runner, steps_of
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by workers."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
    yield workspace
    assert problems() == []
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def test_a_chain_of_steps_runs_to_its_end(shop) -> None:
    (execution,) = begin(shop, chain(3))
    with runner() as probe:
        assert finished(execution) == ("SUCCEEDED", {"s0": "s0", "s1": "s1", "s2": "s2"}, None)
    assert probe.made == [("s0", 1), ("s1", 1), ("s2", 1)]
    assert steps_of(execution) == [("s0", 1, "SUCCEEDED"), ("s1", 1, "SUCCEEDED"), ("s2", 1, "SUCCEEDED")]
    assert [kind for (kind,) in ask("SELECT type FROM event WHERE type LIKE 'workflow%%'")] == ["workflow.executed"]
    assert ask("SELECT succeeded, failed FROM workflow_day") == [(1, 0)]
