"""Executions while runners and the database die: each goes on, is recorded once, and publishes once."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.core import tenancy
from server.core.db import db
from server.events.models import EventType, EventTypeVersion
from server.workflows.service import poking
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support import database as databases
from tests.support.wait import until
from tests.workers.conftest import kill
from tests.workflows.dying import Nursery, Proxy, nursery
from tests.workflows.factories import make_workflow
from tests.workflows.running import ask, begin, chain, finished, problems, runner, step, steps_of
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres

EMIT = {"type": "order.done", "data": {"n": 1}}
#: Effects, an event, a child, a signal that came early, and two branches at once.
WORK: dict[str, Any] = {
    "steps": [
        step("a"),
        step("tell", "a", type="emit_event", config=EMIT),
        step("child", "tell", type="sub_workflow", config={"workflow": "child"}),
        step("heard", "tell", type="signal", config={"name": "go"}),
        step("b", "child", "heard"),
    ]
}
PATHS = ["a", "b", "child", "heard", "tell"]
#: More commits than an execution of WORK needs.
MOST = 60


@pytest.fixture
def runners(tmp_path: Path) -> Iterator[Nursery]:
    """Makes runners that may be killed."""
    with nursery(tmp_path) as made:
        yield made


def prepare(url: str) -> Workspace:
    """A workspace on the database at `url`, looked at by a worker."""
    db.close()
    db.open(url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
        kind = EventType.create(workspace=workspace.id, name="order.done")
        EventTypeVersion.create(event_type=kind.id, workspace=workspace.id, version=1, schema={}, examples=[])
        make_workflow(workspace, {"steps": [step("x", type="transform", config={"output": 5})]}, name="child")
    return workspace


@pytest.fixture
def shop(committed: Postgres) -> Iterator[Workspace]:
    """A committed workspace, looked at by a worker."""
    yield prepare(committed.url)
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


def alive() -> int:
    return len(ask("SELECT 1 FROM workflow_runner WHERE lease_time > now()"))


def bury(url: str) -> None:
    """Have the leases of all runners be over, as if their time had passed."""
    with databases.as_owner(url) as cursor:
        cursor.execute("UPDATE workflow_runner SET lease_time = now() - interval '1 second'")


def work(shop: Workspace) -> UUID:
    """Start WORK, with the signal that it waits for later."""
    (execution,) = begin(shop, WORK)
    with tenancy.transaction():
        assert poking.signal(shop.id, execution, "go", 7)
    return execution


def check(execution: UUID) -> None:
    """Everything of the execution is there, once."""
    state, output, error = finished(execution, within=30)
    assert (state, error) == ("SUCCEEDED", None)
    assert output["heard"] == 7
    assert output["child"]["output"] == {"x": 5}
    assert sorted(steps_of(execution)) == [(path, 1, "SUCCEEDED") for path in PATHS]
    assert ask("SELECT count(*) FROM workflow_execution WHERE parent_id = %s", execution) == [(1,)]
    assert ask(
        "SELECT type, count(*) FROM event WHERE type IN ('order.done', 'workflow.executed') GROUP BY 1 ORDER BY 1"
    ) == [
        ("order.done", 1),
        ("workflow.executed", 2),
    ]
    assert ask("SELECT sum(succeeded) FROM workflow_day") == [(2,)]
    assert problems() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_runner_may_be_killed_at_each_commit(shop, committed, runners, after) -> None:
    at = 0
    while at < MOST:
        at += 1
        with Proxy(committed.tcp_url) as proxy:
            pid = runners.runner(proxy.url)
            until(lambda: alive() == 1, within=30)
            proxy.arm(pid, at=at, after=after)
            execution = work(shop)
            until(lambda: proxy.killed.is_set() or ask("SELECT 1 FROM workflow_execution WHERE id = %s", execution))  # noqa: B023
            runners.kill(pid)
            was_killed = proxy.killed.is_set()
        bury(committed.url)
        with runner():
            check(execution)
        forget(committed.url)
        if not was_killed:
            break
    # The claim, a record for each stretch of steps, the child's claim and end.
    assert 5 < at < MOST


def forget(url: str) -> None:
    """Begin the next round with no executions."""
    with databases.as_owner(url) as cursor:
        cursor.execute(
            "TRUNCATE workflow_execution, workflow_step, workflow_day, workflow_runner, event, event_pending"
        )


def test_a_zombie_is_kept_out_and_begins_anew(shop, committed, runners) -> None:
    zombie = runners.runner(committed.url)
    until(lambda: alive() == 1, within=30)
    (before,) = ask("SELECT id FROM workflow_runner")
    (execution,) = begin(shop, {"steps": [step("a", config={"seconds": 0.5}), step("b", "a")]})
    until(lambda: ask("SELECT 1 FROM workflow_open_execution WHERE state = 'RUNNING'"))
    runners.kill(zombie, signal.SIGSTOP)
    bury(committed.url)
    with runner():
        assert finished(execution)[0] == "SUCCEEDED"
        runners.kill(zombie, signal.SIGCONT)
        until(lambda: len(ask("SELECT 1 FROM workflow_runner WHERE id <> %s", *before)) == 2, within=20)
    assert sorted(steps_of(execution)) == [("a", 1, "SUCCEEDED"), ("b", 1, "SUCCEEDED")]
    assert ask("SELECT count(*) FROM event WHERE type = 'workflow.executed'") == [(1,)]
    # It is of use again.
    (another,) = begin(shop, chain(2))
    assert finished(another, within=20)[0] == "SUCCEEDED"
    assert problems() == []


def test_another_runner_goes_on_within_ten_seconds(shop, committed, runners) -> None:
    doomed = runners.runner(committed.url)
    until(lambda: alive() == 1, within=30)
    (execution,) = begin(shop, {"steps": [step("a", config={"value": 1}), step("b", "a", config={"seconds": 60})]})
    until(lambda: steps_of(execution) == [("a", 1, "SUCCEEDED")])
    with runner() as probe:
        until(lambda: alive() == 2)
        runners.kill(doomed)
        killed = time.monotonic()
        until(lambda: probe.made == [("b", 1)], within=15)
        assert time.monotonic() - killed < 10
        with tenancy.transaction():
            poking.cancel([execution], reason="enough")
    assert steps_of(execution)[0] == ("a", 1, "SUCCEEDED")


def test_the_database_may_be_killed(tmp_path, postgres) -> None:
    with databases.running_postgres(tmp_path / "pg") as own:
        # As in production: what is committed is on disk.
        own.stop()
        own.fsync = True
        own.start()
        shop = prepare(own.url)
        try:
            executions = begin(shop, chain(4, seconds=0.1), 40)
            with nursery(tmp_path) as runners:
                runners.runner(own.url)
                until(lambda: ask("SELECT count(*) FROM workflow_step") > [(40,)], within=30)
                kill(own)
                own.start()
                db.close()
                for execution in executions:
                    assert finished(execution, within=40)[0] == "SUCCEEDED"
            rows = ask("SELECT execution_id, count(*) FROM workflow_step WHERE status = 'SUCCEEDED' GROUP BY 1")
            assert sorted(rows) == sorted((execution, 4) for execution in executions)
            assert ask("SELECT count(*) FROM event WHERE type = 'workflow.executed'") == [(40,)]
            assert problems() == []
        finally:
            db.close()
            db.open(postgres.url, role="userdata_app", application="tests")
