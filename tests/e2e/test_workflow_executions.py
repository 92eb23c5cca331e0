"""Executions over REST in a whole installation: started, watched, decided, signalled, retried and forked."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.e2e.support.people import Person
from tests.support.wait import until

pytestmark = pytest.mark.xdist_group("e2e")

ADD = {
    "steps": [{"id": "add", "type": "transform", "with": {"output": "${input.a + input.b}"}}],
    "output": "${steps.add.output}",
}
ASK = {
    "steps": [
        {
            "id": "ask",
            "type": "approval",
            "with": {
                "title": "Approve ${input.order}",
                "form": {"type": "object", "required": ["limit"], "properties": {"limit": {"type": "integer"}}},
                "approvers": ["ADMIN"],
            },
        },
        {"id": "go", "type": "signal", "needs": ["ask"], "with": {"name": "go"}},
    ],
    "output": {"limit": "${steps.ask.output.data.limit}", "word": "${steps.go.output.word}"},
}
FAIL = {
    "steps": [
        {"id": "first", "type": "transform", "with": {"output": 1}},
        {
            "id": "last",
            "type": "fail",
            "needs": ["first"],
            "if": "input.bad",
            "with": {"code": "BAD", "message": "It is bad."},
        },
    ],
    "output": {"first": "${steps.first.output}"},
}


class Room:
    """A workspace of Ada's, and calls in it."""

    def __init__(self, person: Person) -> None:
        self.rest = person.rest
        self.person = person
        self.path = f"/v1/workspaces/{person.workspace()}"

    def workflow(self, name: str, definition: dict[str, Any]) -> str:
        """An active workflow; its id."""
        made = self.rest.post(f"{self.path}/workflows", {"name": name, "definition": definition})
        self.rest.post(f"{self.path}/workflows/{made['id']}:activate", {})
        return str(made["id"])

    def start(self, workflow_id: str, wait: str = "20s", **given: Any) -> Any:
        """An execution, finished if it does not wait for anything."""
        return self.rest.post(f"{self.path}/workflows/{workflow_id}:execute", {"input": given, "wait": wait})

    def execution(self, execution_id: str) -> Any:
        """An execution as it is now."""
        return self.rest.send("GET", f"{self.path}/executions/{execution_id}").json

    def tell(self, execution_id: str, verb: str, **fields: Any) -> Any:
        """Steer an execution."""
        return self.rest.post(f"{self.path}/executions/{execution_id}:{verb}", fields)

    def ended(self, execution_id: str) -> Any:
        """An execution once it has ended."""
        until(lambda: self.execution(execution_id).get("endTime") is not None, within=20, saying="the execution ends")
        return self.execution(execution_id)


@pytest.fixture
def room(ada: Person) -> Room:
    """A new workspace."""
    return Room(ada)


def test_a_call_waits_for_the_output(room: Room) -> None:
    workflow = room.workflow("add", ADD)
    done = room.start(workflow, a=1, b=2)
    assert (done["state"], done["output"]) == ("EXECUTION_STATE_SUCCEEDED", 3)
    by_name = room.rest.post(f"{room.path}/workflows/by-name/add:execute", {"input": {"a": 2, "b": 3}, "wait": "20s"})
    assert by_name["output"] == 5
    listed = room.rest.send("GET", f"{room.path}/executions?filter=state%20%3D%20EXECUTION_STATE_SUCCEEDED").json
    assert [each["id"] for each in listed["executions"]] == [by_name["id"], done["id"]]


def test_people_decide_and_signal_and_the_timeline_tells_it(room: Room) -> None:
    started = room.start(room.workflow("ask", ASK), wait="0s", order="4711")
    path = f"{room.path}/approvals"

    def pending() -> list[Any]:
        found = room.rest.send("GET", f"{path}?filter=state%20%3D%20APPROVAL_STATE_PENDING").json
        return list(found["approvals"])

    until(lambda: bool(pending()), within=20, saying="an approval is asked for")
    (approval,) = pending()
    assert (approval["title"], approval["executionId"]) == ("Approve 4711", started["id"])
    wrong = room.rest.send("POST", f"{path}/{approval['id']}:approve", {"data": {"limit": "x"}})
    assert (wrong.status, wrong.reason) == (400, "APPROVAL_DATA_INVALID")
    room.rest.post(f"{path}/{approval['id']}:approve", {"data": {"limit": 7}, "comment": "Once."})
    second = room.rest.send("POST", f"{path}/{approval['id']}:reject", {})
    assert (second.status, second.reason) == (400, "APPROVAL_DECIDED")
    room.tell(started["id"], "signal", name="go", payload={"word": "now"})
    done = room.ended(started["id"])
    assert (done["state"], done["output"]) == ("EXECUTION_STATE_SUCCEEDED", {"limit": 7, "word": "now"})
    timeline = room.rest.send("GET", f"{room.path}/executions/{started['id']}/timeline").json
    kinds = [each["kind"].removeprefix("TIMELINE_ENTRY_KIND_") for each in timeline["entries"]]
    assert (kinds[0], kinds[-1]) == ("CREATED", "ENDED")
    assert {"STARTED", "APPROVAL_REQUESTED", "APPROVAL_DECIDED", "WAIT", "SIGNAL"} <= set(kinds)
    events = room.rest.send("GET", f"{room.path}/events?filter=type%20%3D%20workflow.approval.*").json
    assert [each["type"] for each in events["events"]] == ["workflow.approval.decided", "workflow.approval.requested"]


def test_a_paused_execution_rests_and_a_cancelled_one_ends(room: Room) -> None:
    started = room.start(room.workflow("ask", ASK), wait="0s", order="1")["id"]
    until(lambda: room.execution(started)["state"] == "EXECUTION_STATE_WAITING", within=20, saying="it waits")
    assert room.tell(started, "pause")["state"] == "EXECUTION_STATE_PAUSED"
    room.tell(started, "resume")
    until(lambda: room.execution(started)["state"] == "EXECUTION_STATE_WAITING", within=20, saying="it waits again")
    room.tell(started, "cancel", reason="Withdrawn.")
    done = room.ended(started)
    assert (done["state"], done["cancelReason"]) == ("EXECUTION_STATE_CANCELLED", "Withdrawn.")
    late = room.rest.send("POST", f"{room.path}/executions/{started}:cancel", {})
    assert (late.status, late.reason) == (400, "EXECUTION_FINISHED")


def test_what_failed_is_retried_and_forked(room: Room) -> None:
    workflow = room.workflow("fail", FAIL)
    failed = room.start(workflow, bad=True)
    assert (failed["state"], failed["error"]["code"]) == ("EXECUTION_STATE_FAILED", "BAD")
    room.tell(failed["id"], "retry")
    again = room.ended(failed["id"])
    assert (again["state"], again["generation"]) == ("EXECUTION_STATE_FAILED", 2)
    fork = room.tell(failed["id"], "fork", stepId="last", input={"bad": False})
    done = room.ended(fork["id"])
    assert (done["state"], done["output"], done["sourceExecutionId"]) == (
        "EXECUTION_STATE_SUCCEEDED",
        {"first": 1},
        failed["id"],
    )
    counted = room.rest.post(
        f"{room.path}/executions:bulkRetry", {"filter": "state = EXECUTION_STATE_FAILED", "validateOnly": True}
    )
    assert counted["executionCount"] == 1
    room.rest.post(f"{room.path}/executions:bulkRetry", {"filter": f"workflow_id = {workflow}"})
    until(lambda: room.execution(failed["id"])["generation"] == 3, within=20, saying="the job retries it")


def test_a_watched_execution_is_streamed_until_it_ends(room: Room) -> None:
    started = room.start(room.workflow("ask", ASK), wait="0s", order="2")["id"]
    host, _, port = room.rest.address.rpartition(":")
    headers = {"authorization": f"Bearer {room.person.token}"}
    with closing(HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.request("GET", f"{room.path}/executions/{started}:watch", headers=headers)
        with connection.getresponse() as answer:
            assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
            room.tell(started, "cancel")
            text = answer.read().decode()
    messages = [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: {")]
    states = [message["execution"]["state"] for message in messages if message.get("execution")]
    assert states[-1] == "EXECUTION_STATE_CANCELLED"
