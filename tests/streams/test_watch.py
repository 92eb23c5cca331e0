"""WatchEvents over gRPC, as server-sent events and over a WebSocket: the same stream in three forms."""

import json
import signal
from contextlib import closing
from typing import Any

import pytest

from server.core import ids, tenancy
from server.workspaces.models import Member
from tests.streams.harness import Grpc, Process, Refused, Socket, Sse, World, make_world
from tests.workspaces import factories
from userdata.workspaces.v1.workspace_api_key_service_pb2 import RevokeWorkspaceApiKeyRequest


def test_a_stream_gives_what_is_kept_and_then_what_comes(client: Grpc, world: World):
    made = world.feed("a", "b")
    stream = client.watch(world.id)
    assert stream.events(2) == made
    for name in ("c", "d"):
        assert world.feed(name) == stream.events(1)


def test_a_stream_goes_on_after_a_cursor(client: Grpc, world: World):
    made = world.feed("a", "b", "c")
    first = client.watch(world.id)
    assert first.events(2) == made[:2]
    second = client.watch(world.id, cursor=first.cursor)
    assert second.events(1) == made[2:]
    # Polls and streams share their cursors.
    assert [event.id for event in client.poll(world.id, cursor=first.cursor).events] == made[2:]


def test_a_stream_from_now_on_says_where_it_begins(client: Grpc, world: World):
    world.feed("a")
    stream = client.watch(world.id, cursor="latest")
    made = world.feed("b")
    assert stream.events(1) == made


def test_a_stream_gives_only_what_is_wanted(client: Grpc, world: World):
    stream = client.watch(world.id, types=["user.*"], subject="user_1")
    world.feed("user_1")
    world.feed("user_2", kind="user.created")
    made = world.feed("user_1", kind="user.created")
    assert stream.events(1) == made


def test_many_kept_events_come_in_order(client: Grpc, world: World):
    made = world.feed(*map(str, range(1050)))
    stream = client.watch(world.id)
    assert stream.events(1050) == made
    assert world.feed("last") == stream.events(1)


def test_nobody_sees_the_events_of_others(client: Grpc, world: World, process: Process):
    other = make_world(world.url)
    stream = client.watch(world.id)
    other.feed("theirs")
    assert world.feed("ours") == stream.events(1)
    with Grpc(process.grpc_port, other.owner.token) as theirs, pytest.raises(Refused) as refused:
        theirs.watch(world.id)
    assert refused.value.reason == "NOT_FOUND"


# Server-sent events --------------------------------------------------------------------------------------------------


def sse(process: Process, world: World, **more: Any) -> Sse:
    return Sse(process.http_port, world.id, world.owner.token, **more)


def test_server_sent_events_have_ids_to_go_on_from(process: Process, world: World):
    made = world.feed("a", "b")
    with closing(sse(process, world)) as client:
        assert client.response.status == 200
        assert client.response.headers["content-type"] == "text/event-stream"
        begin = client.block()
        assert begin is not None
        assert begin.keys() == {"retry", "id"}
        first = client.block()
        assert first is not None
        event = json.loads(first["data"])
        assert (event["id"], event["type"], event["data"]) == (made[0], "order.paid", {"amount": 1.0})
        assert first["id"] == client.last
    with closing(sse(process, world, last=client.last)) as again:
        assert again.events(1) == made[1:]
        assert world.feed("c") == again.events(1)


def test_the_last_event_id_counts_for_more_than_the_query(process: Process, world: World):
    made = world.feed("a", "b")
    with closing(sse(process, world)) as client:
        client.events(1)
    with closing(sse(process, world, last=client.last, cursor="latest")) as again:
        assert again.events(1) == made[1:]


def test_the_query_names_types_and_subject(process: Process, world: World):
    world.feed("a")
    made = world.feed("b", kind="order.shipped")
    with closing(sse(process, world, types=["order.shipped", "user.*"], subject="b")) as client:
        assert client.events(1) == made


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ({"colour": "red"}, 400, "MALFORMED_REQUEST"),
        ({"cursor": "x"}, 400, "CURSOR_INVALID"),
        ({"types": "Not A Type"}, 400, "VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_streamed_is_refused_as_json(process: Process, world: World, query, status, reason):
    with closing(sse(process, world, **query)) as client:
        assert client.response.status == status
        assert client.refusal["details"][0]["reason"] == reason


def test_who_may_not_watch_is_refused_as_json(process: Process, world: World):
    with closing(Sse(process.http_port, world.id, None)) as nobody:
        assert nobody.response.status == 401
        error = nobody.refusal
        assert error.keys() == {"code", "message", "details"}
        assert error["details"][0] == {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "CREDENTIAL_MISSING",
            "domain": "userdata",
            "metadata": {},
        }
    with closing(Sse(process.http_port, make_world(world.url).id, world.owner.token)) as stranger:
        assert stranger.response.status == 404
        assert stranger.refusal["details"][0]["reason"] == "NOT_FOUND"


# WebSocket -----------------------------------------------------------------------------------------------------------


def test_a_socket_takes_its_token_as_a_subprotocol_and_never_gives_it_back(process: Process, world: World):
    made = world.feed("a", "b")
    token = f"bearer.{world.owner.token}"
    with closing(Socket(process.http_port, world.id, protocols=(token,), cursor="")) as client:
        assert client.socket.protocol == "userdata.events.v1"
        assert client.events(1) == made[:1]
    with closing(Socket(process.http_port, world.id, protocols=(token,), cursor=client.cursor)) as again:
        assert again.events(1) == made[1:]
        assert world.feed("c") == again.events(1)


def test_a_socket_may_say_in_its_first_frame_what_it_wants(process: Process, world: World):
    world.feed("a")
    with closing(Socket(process.http_port, world.id, token=world.owner.token)) as client:
        client.say(json.dumps({"cursor": "latest", "types": ["order.*"]}))
        assert client.frame().keys() == {"cursor"}
        assert world.feed("b") == client.events(1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "MALFORMED_REQUEST"),
        ('{"colour": 1}', "MALFORMED_REQUEST"),
        ('{"cursor": "x"}', "CURSOR_INVALID"),
    ],
)
def test_a_first_frame_that_cannot_be_read_ends_the_socket(process: Process, world: World, text, reason):
    with closing(Socket(process.http_port, world.id, token=world.owner.token)) as client:
        client.say(text)
        assert client.frame()["error"]["details"][0]["reason"] == reason
        assert client.frame() == 1008


def test_a_socket_needs_a_credential(process: Process, world: World):
    with closing(Socket(process.http_port, world.id)) as client:
        assert client.refusal.status == 401
    with closing(Socket(process.http_port, world.id, protocols=("bearer.nonsense",), cursor="")) as client:
        assert client.refusal.status == 401


# Ends ----------------------------------------------------------------------------------------------------------------


def test_a_lost_membership_ends_every_kind_of_stream(process: Process, world: World):
    member = world.member()
    with (
        Grpc(process.grpc_port, member.token) as client,
        closing(Sse(process.http_port, world.id, member.token)) as events,
        closing(Socket(process.http_port, world.id, token=member.token, cursor="")) as socket,
    ):
        stream = client.watch(world.id)
        assert events.block()
        assert socket.frame()
        with tenancy.transaction(workspace=world.workspace.id):
            Member.delete().where((Member.workspace == world.workspace.id) & (Member.user == member.user.id)).execute()
        with pytest.raises(Refused) as refused:
            stream.next()
        assert refused.value.reason == "NOT_FOUND"
        end = events.block()
        assert end is not None
        assert end["event"] == "status"
        assert json.loads(end["data"])["details"][0]["reason"] == "NOT_FOUND"
        assert events.block() is None
        assert socket.frame()["error"]["code"] == 5
        assert socket.frame() == 1008


def test_a_revoked_key_ends_its_streams_at_once(process: Process, world: World):
    with tenancy.transaction(workspace=world.workspace.id):
        row, key = factories.make_key(world.workspace, world.owner, "events.read")
    with Grpc(process.grpc_port, key) as client:
        stream = client.watch(world.id)
        request = RevokeWorkspaceApiKeyRequest(workspace_id=world.id, api_key_id=ids.encode("key", row.id))
        factories.by(world.owner)(f"{factories.KEYS}RevokeWorkspaceApiKey", request)
        with pytest.raises(Refused) as refused:
            stream.next()
    assert refused.value.reason == "API_KEY_REVOKED"


def test_a_workspace_has_a_limit_of_streams(own: Process, world: World):
    with Grpc(own.grpc_port, world.owner.token) as client:
        streams = [client.watch(world.id) for _ in range(3)]
        with pytest.raises(Refused) as refused:
            client.watch(world.id)
        assert (refused.value.reason, refused.value.code) == ("TOO_MANY_STREAMS", 8)
        with closing(Sse(own.http_port, world.id, world.owner.token)) as one_more:
            assert one_more.response.status == 429
            assert one_more.refusal["details"][0]["metadata"] == {"limit": "3"}
        other = make_world(world.url)
        with Grpc(own.grpc_port, other.owner.token) as theirs:
            assert theirs.watch(other.id).cursor
        made = world.feed("a")
        assert [stream.events(1) for stream in streams] == [made] * 3


def test_a_stop_tells_every_reader_to_come_again(own: Process, world: World):
    token = world.owner.token
    with (
        Grpc(own.grpc_port, token) as client,
        closing(Sse(own.http_port, world.id, token)) as events,
        closing(Socket(own.http_port, world.id, token=token, cursor="")) as socket,
    ):
        stream = client.watch(world.id)
        assert events.block()
        assert socket.frame()
        own.signal(signal.SIGTERM)
        with pytest.raises(Refused) as refused:
            stream.next()
        assert refused.value.reason == "UNAVAILABLE"
        end = events.block()
        assert end is not None
        assert json.loads(end["data"])["code"] == 14
        assert socket.frame()["error"]["code"] == 14
        assert socket.frame() == 1012
        assert own.wait() == 0
