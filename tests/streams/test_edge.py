"""Streams through a real Envoy, read by a client in Node as a browser would, also while the streams process dies."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.envoy.harness import HOST, Edge
from tests.streams.harness import Grpc, Process, World, make_world

NODE = Path(sys.executable).with_name("node")
READER = Path(__file__).parent / "node" / "reader.js"


@pytest.fixture
def edge(own: Process, tmp_path: Path) -> Iterator[Edge]:
    """An edge before the streams process."""
    address = f"{HOST}:{own.grpc_port}"
    http = f"{HOST}:{own.http_port}"
    edge = Edge(tmp_path, rpc=(address,), streams_grpc=(address,), streams_http=(http,), swagger_ui_dir=None)
    yield edge
    edge.close()


@pytest.mark.parametrize("kind", ["sse", "socket", "poll"])
def test_a_node_client_reads_everything_once_across_a_crash(own: Process, edge: Edge, world: World, kind: str):
    first = world.feed("a", "b", "c")
    command = [str(NODE), str(READER), f"http://{HOST}:{edge.port}", world.id, world.owner.token, kind, "6"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        try:
            assert reader.stdout is not None
            assert [reader.stdout.readline().strip() for _ in range(3)] == first
            own.kill()
            second = world.feed("d", "e")
            own.start()
            assert [reader.stdout.readline().strip() for _ in range(2)] == second
            third = world.feed("f")
            assert reader.stdout.readline().strip() == third[0]
            assert reader.wait(10) == 0
        finally:
            reader.kill()


def test_the_edge_refuses_streams_in_the_contracts_words(own: Process, edge: Edge, world: World):
    path = f"/v1/workspaces/{world.id}/events:watch"
    nobody = edge.ask("GET", path)
    assert (nobody.status, nobody.reason) == (401, "CREDENTIAL_MISSING")
    theirs = edge.ask("GET", f"/v1/workspaces/{make_world(world.url).id}/events:watch", authorization=own_token(world))
    assert (theirs.status, theirs.reason) == (404, "NOT_FOUND")
    wrong = edge.ask("GET", f"{path}?colour=red", authorization=own_token(world))
    assert (wrong.status, wrong.reason) == (400, "MALFORMED_REQUEST")
    plain = edge.ask("GET", f"/v1/workspaces/{world.id}/events:socket", authorization=own_token(world))
    assert (plain.status, plain.reason) == (400, "MALFORMED_REQUEST")
    own.kill()
    away = edge.ask("GET", path, authorization=own_token(world))
    assert (away.status, away.reason) == (503, "UPSTREAM_UNAVAILABLE")


def test_polls_and_streams_pass_the_edge_over_grpc_and_rest(own: Process, edge: Edge, world: World):
    made = world.feed("a", "b")
    answer = edge.ask("GET", f"/v1/workspaces/{world.id}/events:poll?types=order.*", authorization=own_token(world))
    assert [event["id"] for event in answer.json["events"]] == made
    with Grpc(edge.port, world.owner.token) as client:
        stream = client.watch(world.id, cursor=answer.json["nextCursor"])
        (third,) = world.feed("c")
        assert stream.events(1) == [third]
    event = answer.json["events"][0]
    assert json.dumps(event["data"]) == '{"amount": 1}'
    assert event["workspaceId"] == world.id


def own_token(world: World) -> str:
    return f"Bearer {world.owner.token}"
