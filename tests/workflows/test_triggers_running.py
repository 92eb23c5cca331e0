"""From an event to what it leads to: the drain, a runner and a service of somebody else's, all of them real."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from server.core import clock, config, ids, tenancy
from server.core.db import db
from server.workflows import sealing
from server.workflows.models import Secret, Workflow
from server.workflows.steps import registry
from server.workspaces.models import Workspace
from tests.accounts.factories import make_person
from tests.support.wait import until
from tests.workflows.factories import arm, make_workflow, publish
from tests.workflows.outside import Asked, outside
from tests.workflows.running import ask, problems, runner
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres
from workers.drain import Drain
from workers.stopping import Stop

TOKEN = "tok_0123456789"


@pytest.fixture
def shop(committed: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A committed workspace with a secret, whose steps may reach this machine, looked at by workers."""
    monkeypatch.setenv("WORKFLOW_ALLOW_HTTP", "true")
    monkeypatch.setenv("WORKFLOW_ALLOWED_NETWORKS", "127.0.0.0/8")
    config.read.cache_clear()
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    with tenancy.transaction():
        workspace = make_workspace(make_person(), slug="shop")
        sealed = sealing.seal(workspace.id, "token", TOKEN)
        Secret.create(workspace=workspace.id, name="token", value=sealed, update_time=clock.now())
    yield workspace
    assert problems() == []
    db.close()
    config.read.cache_clear()
    db.open(committed.url, role="userdata_app", application="tests")


def workflow(workspace: Workspace, definition: dict[str, Any], **values: Any) -> Workflow:
    """An active workflow with its triggers."""
    with tenancy.transaction():
        made = make_workflow(workspace, definition, **values)
        arm(made)
        return made


def happens(workspace: Workspace, kind: str, *data: Any) -> None:
    """Publish events and drain what is there."""
    with tenancy.transaction():
        for each in data:
            publish(workspace, kind, each)
    drain()


def drain() -> None:
    """Drain what is there."""
    stop = Stop()
    Drain(stop).turn()
    stop.close()


def ended(of: Workflow, count: int = 1) -> list[Any]:
    """State, input, output and error of the workflow's executions, once so many have ended."""

    def found() -> list[Any]:
        sql = "SELECT state, input, output, error FROM workflow_execution WHERE workflow_id = %s ORDER BY id"
        rows = ask(sql, of.id)
        return rows if len(rows) >= count else []

    return until(found, within=20.0, saying="executions do not end")


def charging(url: str) -> dict[str, Any]:
    """Charges what was placed, with a secret."""
    headers = {"Authorization": "Bearer ${secrets.token}"}
    call = {"method": "POST", "url": f"{url}/charges", "headers": headers, "body": "${input}"}
    return {
        "triggers": [{"id": "placed", "event": {"type": "order.placed"}, "input": {"order": "${event.data.id}"}}],
        "steps": [{"id": "charge", "type": "http", "with": call}],
        "output": {"charge": "${steps.charge.output.body.id}"},
    }


def test_an_event_leads_to_a_request_and_its_end_to_the_next_workflow(shop) -> None:
    def answer(_asked: Asked) -> tuple[int, Any]:
        return 200, {"id": "ch_7"}

    with outside(answer) as services, runner(registry.TYPES):
        first = workflow(shop, charging(services.url), name="charge")
        after = {"id": "after", "workflow": {"name": "charge"}, "input": {"charge": "${event.data.output.charge}"}}
        steps = [{"id": "tell", "type": "transform", "with": {"output": "${input.charge} of ${workspace.slug}"}}]
        second = workflow(shop, {"triggers": [after], "steps": steps})
        happens(shop, "order.placed", {"id": 41})
        assert ended(first) == [("SUCCEEDED", {"order": 41}, {"charge": "ch_7"}, None)]
        drain()
        assert ended(second) == [("SUCCEEDED", {"charge": "ch_7"}, {"tell": "ch_7 of shop"}, None)]
    [asked] = services.asked
    assert (asked.path, asked.body, asked.headers["authorization"]) == ("/charges", {"order": 41}, f"Bearer {TOKEN}")
    assert asked.headers["idempotency-key"]


def test_what_a_receiver_sends_back_of_a_secret_is_not_shown(shop) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        return 400, {"unknown": asked.headers["authorization"]}

    with outside(answer) as services, runner(registry.TYPES):
        first = workflow(shop, charging(services.url))
        happens(shop, "order.placed", {"id": 41})
        [(state, _, _, error)] = ended(first)
    assert (state, error["code"], error["details"]["status"]) == ("FAILED", "HTTP_STATUS", 400)
    assert "Bearer" in error["details"]["body"]
    everything = ask("SELECT string_agg(step::text, '') FROM workflow_step step WHERE error IS NOT NULL")[0][0]
    assert TOKEN not in str(error)
    assert TOKEN not in everything


def test_executions_of_one_key_do_not_overlap(shop) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    together = threading.Semaphore(0)

    def answer(_asked: Asked) -> tuple[int, Any]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        # Time for a second one to come, if it may.
        together.acquire(timeout=0.05)
        with lock:
            under_way -= 1
        return 200, {"id": "ch"}

    with outside(answer) as services, runner(registry.TYPES):
        one_by_one = charging(services.url) | {"concurrency": {"key": "${input.order}", "limit": 1}}
        first = workflow(shop, one_by_one)
        happens(shop, "order.placed", *[{"id": 1}] * 5)
        assert [state for state, *_ in ended(first, 5)] == ["SUCCEEDED"] * 5
    assert most == 1
    assert len({asked.headers["idempotency-key"] for asked in services.asked}) == 5


def test_a_start_that_nobody_could_make_is_seen_among_the_executions(shop) -> None:
    with runner(registry.TYPES):
        broken = workflow(shop, charging("http://127.0.0.1:1") | {"concurrency": {"key": "${input.none}", "limit": 1}})
        happens(shop, "order.placed", {"id": 1})
        [(state, given, _, error)] = ended(broken)
    assert (state, given, error["code"]) == ("FAILED", {"order": 1}, "EXPRESSION_FAILED")
    assert ask("SELECT failed FROM workflow_day WHERE workflow_id = %s", broken.id) == [(1,)]
    assert ids.encode("wf", broken.id) in ask("SELECT data::text FROM event WHERE type = 'workflow.executed'")[0][0]
