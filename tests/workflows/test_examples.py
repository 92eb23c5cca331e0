"""The examples of the documentation: each runs as its comment says, by the API, a runner and servers on loopback."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.json_format import MessageToDict

from server.accounts.service import signing
from server.core import structs, tenancy
from server.workflows.language import parsing
from server.workflows.steps import registry
from server.workspaces.models import Workspace
from tests.accounts.factories import Person, make_person
from tests.events.factories import EVENTS, make_type
from tests.support import database as databases
from tests.support.wait import until
from tests.workflows import calls
from tests.workflows.execution_factories import APPROVALS, EXECUTIONS
from tests.workflows.outside import Answer, Asked, Outside, outside
from tests.workspaces.factories import Caller, by, make_workspace, ws
from udb.conf import ROOT
from udb.embedded import Postgres
from userdata.events.v1 import event_service_pb2
from userdata.workflows.v1 import approval_service_pb2, execution_pb2, execution_service_pb2
from userdata.workflows.v1.execution_pb2 import Execution

# One process for all of them: they share a runner.
pytestmark = pytest.mark.xdist_group("workflow-examples")
FOLDER = ROOT / "docs" / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))
HOST = re.compile(r"https://([a-z]+)\.example\.com")
ENDED = execution_pb2.EXECUTION_STATE_SUCCEEDED


class Shop:
    """A workspace that workflows of the examples run in, by a runner that writes to `log`."""

    def __init__(self, owner: Person, workspace: Workspace, runner: subprocess.Popen[bytes], log: Path) -> None:
        self.owner, self.workspace, self._runner, self._log = owner, workspace, runner, log
        self._numbers = count(1)

    @property
    def caller(self) -> Caller:
        """The owner."""
        return by(self.owner)

    def start(self, name: str, given: dict[str, Any], services: Outside | None = None, **changed: str) -> str:
        """Make an example a workflow and execute it; gives the execution's id. `changed` are words of it to change."""
        text = (FOLDER / f"{name}.yaml").read_text()
        if services:
            text = HOST.sub(rf"{services.url}/\1", text)
        for old, new in changed.items():
            text = re.sub(rf"\b{old}: \w+", f"{old}: {new}", text)
        workflow = calls.create(self.caller, self.workspace, f"{name}-{next(self._numbers)}", yaml=text)
        calls.ask(self.caller, "ActivateWorkflow", self.workspace, workflow.id)
        return self.execute(workflow.id, given).id

    def execute(self, workflow_id: str, given: dict[str, Any]) -> Execution:
        """Start it."""
        request = execution_service_pb2.ExecuteWorkflowRequest(workspace_id=ws(self.workspace), workflow_id=workflow_id)
        request.input.CopyFrom(structs.from_dict(given))
        execution: Execution = self.caller(f"{EXECUTIONS}ExecuteWorkflow", request)
        return execution

    def ended(self, execution_id: str) -> tuple[str, Any, Execution]:
        """State and output of an execution, and all of it, once it has ended."""
        request = execution_service_pb2.GetExecutionRequest(workspace_id=ws(self.workspace), execution_id=execution_id)

        def found() -> list[Execution]:
            assert self._runner.poll() is None, self._log.read_text()
            execution: Execution = self.caller(f"{EXECUTIONS}GetExecution", request)
            return [execution] if execution.state >= ENDED else []

        (execution,) = until(found, within=20, saying=f"{execution_id} does not end")
        state = execution_pb2.ExecutionState.Name(execution.state).removeprefix("EXECUTION_STATE_")
        return state, MessageToDict(execution.output), execution

    def decide(self, verb: str, **fields: Any) -> None:
        """Approve or reject what is asked for."""
        wanted = approval_service_pb2.ListApprovalsRequest(
            workspace_id=ws(self.workspace), filter="state = APPROVAL_STATE_PENDING"
        )
        (approval,) = until(lambda: self.caller(f"{APPROVALS}ListApprovals", wanted).approvals, within=20)
        request = getattr(approval_service_pb2, f"{verb}Request")(
            workspace_id=ws(self.workspace), approval_id=approval.id, **fields
        )
        self.caller(APPROVALS + verb, request)


@pytest.fixture(scope="module")
def shop(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A workspace for all tests of this file, and a runner beside."""
    signing.forget()
    with tenancy.transaction():
        owner = make_person("ada@example.com")
        workspace = make_workspace(owner, slug="shop")
    settings = {"WORKFLOW_ALLOW_HTTP": "true", "WORKFLOW_ALLOWED_NETWORKS": "127.0.0.0/8"}
    path = tmp_path_factory.mktemp("runner") / "log"
    with path.open("wb") as log:
        command = (sys.executable, "-m", "workers", "run")
        process = subprocess.Popen(command, env=os.environ | settings, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield Shop(owner, workspace, process, path)
        finally:
            process.terminate()
            process.wait(20)
            databases.empty(postgres.url)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_sound_and_says_what_it_shows(file: Path) -> None:
    text = file.read_text()
    parsing.parse(yaml.safe_load(text), types=registry.TYPES)
    head = text.partition("\n\n")[0] if "\n\n" in text else text
    assert head.startswith("# ")
    assert "Shows " in head
    assert f"udb workflows run docs/examples/{file.name}" in head


def test_a_small_order_is_accepted_at_once(shop: Shop) -> None:
    execution_id = shop.start("order-approval", {"order_id": "4711", "total": 12})
    state, output, _ = shop.ended(execution_id)
    assert (state, output) == ("SUCCEEDED", {"order_id": "4711", "state": "accepted", "decider": "nobody"})


def test_a_person_approves_a_large_order(shop: Shop) -> None:
    execution_id = shop.start("order-approval", {"order_id": "4711", "total": 1200})
    shop.decide("Approve", data=structs.from_dict({"discount": 5}), comment="A good customer.")
    state, output, _ = shop.ended(execution_id)
    assert (state, output["state"]) == ("SUCCEEDED", "accepted")
    assert output["decider"].startswith("usr_")


def test_a_person_rejects_a_large_order(shop: Shop) -> None:
    execution_id = shop.start("order-approval", {"order_id": "4711", "total": 1200})
    shop.decide("Reject", comment="Not again.")
    state, output, _ = shop.ended(execution_id)
    assert (state, output) == ("SUCCEEDED", {"order_id": "4711", "state": "declined", "reason": "REJECTED"})


def test_a_large_order_is_declined_when_nobody_decides(shop: Shop) -> None:
    execution_id = shop.start("order-approval", {"order_id": "4711", "total": 1200}, timeout="200ms")
    state, output, _ = shop.ended(execution_id)
    assert (state, output) == ("SUCCEEDED", {"order_id": "4711", "state": "declined", "reason": "EXPIRED"})


def test_the_nightly_report_tells_which_shops_did_not_answer(shop: Shop) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.path == "/shops/lisbon/figures":
            return 503, {}
        return 200, {"sold": 7} if asked.method == "GET" else {}

    with outside(answer) as services:
        given = {"shops": ["berlin", "lisbon", "oslo"]}
        state, output, _ = shop.ended(shop.start("nightly-report", given, services, initial="10ms"))
    assert (state, output) == ("SUCCEEDED", {"missing": ["lisbon"], "sent": 200})
    (report,) = (asked for asked in services.asked if asked.method == "POST")
    assert report.path == "/reports/daily"
    assert report.body == {
        "shops": [{"shop": "berlin", "figures": {"sold": 7}}, {"shop": "oslo", "figures": {"sold": 7}}],
        "missing": ["lisbon"],
    }
    assert services.paths("GET").count("/shops/lisbon/figures") == 3


def test_a_payment_is_booked_once_and_told_of(shop: Shop) -> None:
    make_type(shop.owner, shop.workspace, name="payment.booked")
    given = {"id": "pay_1", "amount": 1250, "currency": "eur", "order": "4711"}
    with outside(lambda _: (200, {"id": "entry_9"})) as services:
        execution_id = shop.start("payment-received", given, services)
        state, output, execution = shop.ended(execution_id)
        assert shop.execute(execution.workflow_id, given).id == execution_id
    assert (state, output, str(execution.error)) == ("SUCCEEDED", {"entry": "entry_9"}, "")
    (booked,) = services.asked
    assert booked.path == "/ledger/entries"
    assert booked.body == {"payment": "pay_1", "order": "4711", "amount": 12.5, "currency": "EUR"}
    assert booked.headers["idempotency-key"]
    (event,) = _events(shop, "payment.booked")
    assert (event.subject, structs.to_dict(event.data)) == (
        "4711",
        {"payment": "pay_1", "amount": 12.5, "entry": "entry_9"},
    )


def test_a_trip_is_booked(shop: Shop) -> None:
    with outside(lambda asked: (200, {"id": f"no-{asked.path[7:]}"})) as services:
        given = {"traveller": "ada", "city": "Lisbon"}
        state, output, _ = shop.ended(shop.start("trip-saga", given, services))
    assert (state, output) == ("SUCCEEDED", {"flight": "no-flights", "hotel": "no-hotels", "car": "no-cars"})
    assert services.paths("DELETE") == []


def test_what_was_booked_of_a_trip_is_given_back_in_the_opposite_order(shop: Shop) -> None:
    def answer(asked: Asked) -> tuple[int, Any]:
        return (422, {"why": "no cars"}) if asked.path == "/trips/cars" else (200, {"id": "1"})

    with outside(answer) as services:
        given = {"traveller": "ada", "city": "Lisbon"}
        state, _, execution = shop.ended(shop.start("trip-saga", given, services))
    assert (state, execution.error.code, execution.error.path) == ("FAILED", "HTTP_STATUS", "car")
    assert services.paths("POST") == ["/trips/flights", "/trips/hotels", "/trips/cars"]
    assert services.paths("DELETE") == ["/trips/hotels/1", "/trips/flights/1"]


def job(*states: dict[str, Any]) -> Answer:
    """Answers of a service that tells these states of its one job, one after the other."""
    ahead = iter(states)
    return lambda asked: (200, {"id": "job_1"} if asked.method == "POST" else next(ahead))


def test_a_job_is_asked_for_until_it_is_done(shop: Shop) -> None:
    running = {"state": "running"}
    with outside(job(running, running, {"state": "done", "url": "https://videos.example.com/1"})) as services:
        execution_id = shop.start("polling", {"video": "intro.mp4"}, services, duration="10ms")
        state, output, _ = shop.ended(execution_id)
    assert (state, output) == ("SUCCEEDED", {"url": "https://videos.example.com/1", "rounds": 3})
    assert services.paths("GET") == ["/jobs/jobs/job_1"] * 3


def test_a_job_that_fails_ends_the_polling_with_its_reason(shop: Shop) -> None:
    with outside(job({"state": "failed", "reason": "no such video"})) as services:
        state, _, execution = shop.ended(shop.start("polling", {"video": "intro.mp4"}, services))
    assert (state, execution.error.code) == ("FAILED", "JOB_FAILED")
    assert execution.error.message == "The job ended with: no such video"


def _events(shop: Shop, kind: str) -> list[Any]:
    request = event_service_pb2.ListEventsRequest(workspace_id=ws(shop.workspace), filter=f"type = {kind}")
    return list(shop.caller(f"{EVENTS}ListEvents", request).events)
