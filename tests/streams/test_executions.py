"""WatchExecution over gRPC and as server-sent events."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from server.core import clock, ids, tenancy
from server.workflows.models import Execution, LogEntry, OpenExecution, Workflow
from server.workspaces.models import Member
from tests.streams.harness import HOST, Grpc, Process, Refused, World, make_world, refusals
from tests.workflows.execution_factories import exe, make_finished, make_open, make_step
from tests.workflows.factories import make_workflow
from userdata.workflows.v1 import execution_pb2
from userdata.workflows.v1.execution_stream_service_pb2 import WatchExecutionRequest, WatchExecutionResponse

METHOD = "/userdata.workflows.v1.ExecutionStreamService/WatchExecution"
RUNNING = execution_pb2.EXECUTION_STATE_RUNNING
SUCCEEDED = execution_pb2.EXECUTION_STATE_SUCCEEDED


class Story:
    """An execution and what happens to it, committed step by step."""

    def __init__(self, world: World) -> None:
        self.world = world
        with tenancy.transaction(workspace=world.workspace.id):
            self.workflow: Workflow = make_workflow(world.workspace)
            self.execution: OpenExecution = make_open(self.workflow, "RUNNING", input={"n": 1})

    @property
    def id(self) -> str:
        """The execution's id as the contract writes it."""
        return exe(self.execution)

    def step(self, path: str, **values: Any) -> None:
        """Record an attempt."""
        with tenancy.transaction(workspace=self.world.workspace.id):
            make_step(self.execution, path, **values)

    def log(self, message: str) -> None:
        """Write a line."""
        now = clock.now()
        with tenancy.transaction(workspace=self.world.workspace.id):
            LogEntry.create(
                id=ids.new_at(now),
                execution_id=self.execution.id,
                execution_time=self.execution.create_time,
                workspace_id=self.execution.workspace_id,
                path="",
                attempt=0,
                level="INFO",
                message=message,
                fields={},
            )

    def end(self, *last: str) -> None:
        """Let it succeed, with its last steps in the same transaction."""
        with tenancy.transaction(workspace=self.world.workspace.id):
            for path in last:
                make_step(self.execution, path)
            OpenExecution.delete().where(OpenExecution.id == self.execution.id).execute()
            make_finished(self.workflow, id=self.execution.id, output={"done": True}, revision=2)


@pytest.fixture
def story(world: World) -> Story:
    """An execution that runs."""
    return Story(world)


def watch(client: Grpc, workspace_id: str, execution_id: str) -> Iterator[WatchExecutionResponse]:
    call = client.channel.unary_stream(
        METHOD, WatchExecutionRequest.SerializeToString, WatchExecutionResponse.FromString
    )
    request = WatchExecutionRequest(workspace_id=workspace_id, execution_id=execution_id)
    messages = call(request, metadata=client._metadata, timeout=30)
    with refusals():
        yield from messages


def test_a_stream_gives_what_there_is_then_what_comes_and_ends_with_the_execution(client: Grpc, story: Story):
    story.step("check")
    story.log("one")
    stream = watch(client, story.world.id, story.id)
    first = next(stream)
    assert (first.execution.state, first.live) == (RUNNING, True)
    assert ([step.path for step in first.steps], [line.message for line in first.logs]) == (["check"], ["one"])
    assert not first.execution.HasField("input")
    story.step("charge", output={"paid": True})
    second = next(stream)
    assert [(step.path, step.output.struct_value["paid"]) for step in second.steps] == [("charge", True)]
    assert not second.HasField("execution")
    assert not second.live
    story.log("two")
    assert [line.message for line in next(stream).logs] == ["two"]
    story.end("tell")
    rest = list(stream)
    assert [step.path for message in rest for step in message.steps] == ["tell"]
    assert rest[-1].execution.state == SUCCEEDED
    assert rest[-1].execution.output.struct_value["done"] is True


def test_a_finished_execution_is_told_at_once(client: Grpc, story: Story):
    story.end("check", "charge")
    (only,) = list(watch(client, story.world.id, story.id))
    assert (only.execution.state, only.live) == (SUCCEEDED, True)
    assert {step.path for step in only.steps} == {"check", "charge"}


def test_a_large_output_is_left_out(client: Grpc, story: Story):
    story.step("large", output="x" * 70_000)
    step = next(watch(client, story.world.id, story.id)).steps[0]
    assert (step.path, step.HasField("output")) == ("large", False)


def test_many_steps_come_in_several_messages_each_once(client: Grpc, story: Story):
    for number in range(60):
        story.step(f"step_{number}", output="x" * 60_000)
    story.end()
    messages = list(watch(client, story.world.id, story.id))
    paths = [step.path for message in messages for step in message.steps]
    assert sorted(paths) == sorted(f"step_{number}" for number in range(60))
    assert len(messages) > 2
    assert [message.live for message in messages].index(True) == len(messages) - 1


def test_several_readers_see_the_same(client: Grpc, story: Story):
    streams = [watch(client, story.world.id, story.id) for _ in range(3)]
    for stream in streams:
        assert next(stream).live
    story.step("charge")
    for stream in streams:
        assert [step.path for step in next(stream).steps] == ["charge"]


def test_an_execution_that_is_not_there_is_refused(client: Grpc, world: World):
    with pytest.raises(Refused) as refusal:
        next(watch(client, world.id, ids.encode("exe", ids.new())))
    assert refusal.value.reason == "NOT_FOUND"


def test_nobody_watches_an_execution_of_others(client: Grpc, world: World):
    other = Story(make_world(world.url))
    with pytest.raises(Refused) as refusal:
        next(watch(client, world.id, other.id))
    assert refusal.value.reason == "NOT_FOUND"


def test_a_stream_ends_when_the_reader_leaves_the_workspace(process: Process, story: Story):
    viewer = story.world.member()
    with Grpc(process.grpc_port, viewer.token) as theirs:
        stream = watch(theirs, story.world.id, story.id)
        assert next(stream).live
        with tenancy.transaction(workspace=story.world.workspace.id):
            Member.delete().where(Member.user == viewer.user.id).execute()
        with pytest.raises(Refused) as refusal:
            next(stream)
        assert refusal.value.reason == "NOT_FOUND"


def ask(process: Process, story: Story, query: str = "", **headers: str) -> tuple[int, str, str]:
    """Status, content type and all of the answer."""
    path = f"/v1/workspaces/{story.world.id}/executions/{story.id}:watch{query}"
    with closing(HTTPConnection(HOST, process.http_port, timeout=20)) as connection:
        connection.request("GET", path, headers={"authorization": f"Bearer {story.world.owner.token}", **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read().decode()


def test_over_http_it_is_server_sent_events(process: Process, story: Story):
    story.step("check")
    story.end()
    status, kind, text = ask(process, story)
    assert (status, kind) == (200, "text/event-stream")
    blocks = text.split("\n\n")
    assert blocks[0] == "retry: 1000"
    message = json.loads(blocks[1].removeprefix("data: "))
    assert message["execution"]["state"] == "EXECUTION_STATE_SUCCEEDED"
    assert [step["path"] for step in message["steps"]] == ["check"]
    assert blocks[2].startswith("id: ended")


def test_a_browser_that_has_seen_the_end_is_told_not_to_come_back(process: Process, story: Story):
    assert ask(process, story, **{"last-event-id": "ended"})[0] == 204


@pytest.mark.parametrize("query", ["?cursor=latest", "?x=1"])
def test_over_http_there_are_no_parameters(process: Process, story: Story, query: str):
    status, _, text = ask(process, story, query)
    assert (status, json.loads(text)["details"][0]["reason"]) == (400, "MALFORMED_REQUEST")


def test_an_execution_that_vanishes_ends_its_streams(client: Grpc, story: Story):
    stream = watch(client, story.world.id, story.id)
    assert next(stream).live
    with tenancy.transaction(workspace=story.world.workspace.id):
        OpenExecution.delete().where(OpenExecution.id == story.execution.id).execute()
        assert not Execution.select().where(Execution.id == story.execution.id).exists()
    assert list(stream) == []
