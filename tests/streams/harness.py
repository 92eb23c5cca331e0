"""A real streams process, the feed it reads, and clients of each kind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import grpc
from google.rpc import error_details_pb2, status_pb2

from server.core import events, ids, tenancy
from server.core.events import Draft
from server.workspaces.models import Workspace
from server.workspaces.roles import Role
from tests.accounts.factories import Person, make_person
from tests.support.database import as_owner
from tests.support.wait import until
from tests.workspaces import factories
from udb import ports
from userdata.events.v1 import event_stream_service_pb2 as pb

ROOT = Path(__file__).parents[2]
HOST = ports.HOST
SERVICE = "/userdata.events.v1.EventStreamService/"


class Process:
    """`python -m server streams` on ports of its own; it can be killed and started again."""

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        self._grpc, self._http = ports.prefer(0), ports.prefer(0)
        self.grpc_port, self.http_port = self._grpc.number, self._http.number
        self._environment = {**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "info", **settings}
        self._log = folder / f"streams-{self.grpc_port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return once it answers."""
        command = [sys.executable, "-m", "server", "streams", "--port", str(self.grpc_port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--http-port", str(self.http_port)], cwd=ROOT, env=self._environment, stderr=log
            )
        until(self._answers, within=30, saying=f"the streams process answers; see {self._log}")

    def signal(self, number: int) -> None:
        """Send the signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Wait for the end; the exit code."""
        assert self._process is not None
        return self._process.wait(timeout=20)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def close(self) -> None:
        """End it and give up its ports."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._grpc.close()
        self._http.close()

    def logged(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def metrics(self) -> str:
        """What `/metrics` says."""
        with closing(HTTPConnection(HOST, self.http_port, timeout=5)) as connection:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def _answers(self) -> bool:
        try:
            with closing(HTTPConnection(HOST, self.http_port, timeout=2)) as connection:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
        except OSError:
            return False


@dataclass
class World:
    """A workspace, people with a part in it, and its events."""

    url: str
    owner: Person
    workspace: Workspace
    published: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The workspace's id as the contract writes it."""
        return ids.encode("ws", self.workspace.id)

    def member(self, role: Role = Role.VIEWER) -> Person:
        """Somebody with a part in the workspace."""
        with tenancy.transaction(workspace=self.workspace.id):
            return factories.make_member(self.workspace, role)

    def publish(self, *subjects: str, kind: str = "order.paid", data: str = '{"amount": 1}') -> list[str]:
        """Commit one event for each subject; their ids."""
        with tenancy.transaction(workspace=self.workspace.id):
            drafts = [Draft(kind, subject, data) for subject in subjects]
            made = [ids.encode("evt", event.id) for event in events.publish_many(drafts, workspace=self.workspace.id)]
        self.published += made
        return made

    def drain(self) -> int:
        """Feed what is committed, as the drain does; how many events."""
        return drain(self.url)

    def feed(self, *subjects: str, **rest: str) -> list[str]:
        """Publish and drain."""
        made = self.publish(*subjects, **rest)
        self.drain()
        return made


def make_world(url: str) -> World:
    """A workspace of somebody new."""
    with tenancy.transaction():
        owner = make_person()
        workspace = factories.make_workspace(owner)
    return World(url, owner, workspace)


def drain(url: str) -> int:
    """One turn of the drain, in SQL of the test's own; how many events it fed."""
    with as_owner(url) as cursor:
        cursor.execute(
            """
            BEGIN;
            SELECT position FROM event_drain FOR UPDATE;
            CREATE TEMPORARY TABLE taken ON COMMIT DROP AS SELECT * FROM event_pending;
            DELETE FROM event_pending WHERE number IN (SELECT number FROM taken);
            INSERT INTO event_feed (feed_time, position, workspace_id, event_id, event_time, type, matches)
            SELECT clock_timestamp(), (SELECT position FROM event_drain) + row_number() OVER (ORDER BY number),
                taken.workspace_id, event_id, event_time, event.type, 0
            FROM taken JOIN event ON event.id = taken.event_id;
            UPDATE event_drain SET position = position + (SELECT count(*) FROM taken);
            NOTIFY feed;
            SELECT count(*) FROM taken;
            """
        )
        count: int = cursor.fetchone()[0]
        cursor.execute("COMMIT")
    return count


class Refused(Exception):
    """A stream or a poll that failed."""

    def __init__(self, status: status_pb2.Status) -> None:
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info), status
        self.code, self.reason, self.message = status.code, info.reason, status.message
        super().__init__(f"{self.code} {self.reason}: {self.message}")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn gRPC's errors into Refused."""
    try:
        yield
    except grpc.RpcError as error:
        failed: Any = error
        trailers = dict(failed.trailing_metadata() or ())
        if "grpc-status-details-bin" not in trailers:
            raise
        raise Refused(status_pb2.Status.FromString(trailers["grpc-status-details-bin"])) from None


class Grpc:
    """A client over gRPC."""

    def __init__(self, port: int, token: str) -> None:
        self.channel = grpc.insecure_channel(f"{HOST}:{port}")
        self._metadata = (("authorization", f"Bearer {token}"),)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.channel.close()

    def poll(self, workspace_id: str, *, timeout: float = 30, **wanted: Any) -> pb.PollEventsResponse:
        """One poll."""
        call = self.channel.unary_unary(
            f"{SERVICE}PollEvents", pb.PollEventsRequest.SerializeToString, pb.PollEventsResponse.FromString
        )
        with refusals():
            found: pb.PollEventsResponse = call(
                pb.PollEventsRequest(workspace_id=workspace_id, **wanted), metadata=self._metadata, timeout=timeout
            )
        return found

    def watch(self, workspace_id: str, *, timeout: float = 60, **wanted: Any) -> "GrpcStream":
        """A stream, once it has said where it begins."""
        call = self.channel.unary_stream(
            f"{SERVICE}WatchEvents", pb.WatchEventsRequest.SerializeToString, pb.WatchEventsResponse.FromString
        )
        request = pb.WatchEventsRequest(workspace_id=workspace_id, **wanted)
        return GrpcStream(call(request, metadata=self._metadata, timeout=timeout))


class GrpcStream:
    """An open stream over gRPC."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.cursor = ""
        with refusals():
            self._take(next(call))

    def next(self) -> pb.WatchEventsResponse:
        """The next message. Raises Refused at the end."""
        with refusals():
            return self._take(next(self.call))

    def events(self, count: int) -> list[str]:
        """The ids of the next `count` events."""
        found: list[str] = []
        while len(found) < count:
            message = self.next()
            if message.HasField("event"):
                found.append(message.event.id)
        return found

    def _take(self, message: pb.WatchEventsResponse) -> pb.WatchEventsResponse:
        self.cursor = message.cursor
        return message


class Sse:
    """A client of server-sent events that reads them as a browser does."""

    def __init__(
        self, port: int, workspace_id: str, token: str | None, *, last: str = "", timeout: float = 30, **query: str
    ) -> None:
        self.connection = HTTPConnection(HOST, port, timeout=timeout)
        headers = {"accept": "text/event-stream"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if last:
            headers["last-event-id"] = last
        path = f"/v1/workspaces/{workspace_id}/events:watch"
        self.connection.request("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path, headers=headers)
        self.response: HTTPResponse = self.connection.getresponse()
        self.last = last
        self.comments = 0

    @property
    def refusal(self) -> Any:
        """The JSON of an answer that is no stream."""
        assert self.response.headers["content-type"].startswith("application/json"), self.response.headers
        return json.loads(self.response.read())

    def block(self) -> dict[str, str] | None:
        """The fields of the next block; None at the end."""
        found: dict[str, str] = {}
        while line := self._line():
            if line == "\n":
                self.last = found.get("id", self.last)
                return found
            name, _, value = line.rstrip("\n").partition(":")
            if name:
                found[name] = value.removeprefix(" ")
            else:
                self.comments += 1
        return None

    def _line(self) -> str:
        try:
            return self.response.readline().decode()
        except (ConnectionResetError, IncompleteRead):
            return ""

    def events(self, count: int) -> list[str]:
        """The ids of the next `count` events."""
        found: list[str] = []
        while len(found) < count:
            block = self.block()
            assert block is not None, found
            if "data" in block and "event" not in block:
                found.append(json.loads(block["data"])["id"])
        return found

    def close(self) -> None:
        """Go away."""
        self.response.close()
        self.connection.close()


class Socket:
    """A client over a WebSocket, on a loop of its own."""

    def __init__(
        self, port: int, workspace_id: str, *, protocols: tuple[str, ...] = (), token: str = "", **query: str
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._session = self._run(_session())
        path = f"http://{HOST}:{port}/v1/workspaces/{workspace_id}/events:socket"
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.refusal: Any = None
        try:
            self.socket = self._run(
                self._session.ws_connect(
                    f"{path}?{urlencode(query, doseq=True)}" if query else path,
                    protocols=("userdata.events.v1", *protocols),
                    headers=headers,
                )
            )
        except aiohttp.WSServerHandshakeError as error:
            self.refusal = error
        self.cursor = ""

    def say(self, text: str) -> None:
        """Send a text frame."""
        self._run(self.socket.send_str(text))

    def frame(self) -> Any:
        """The next text frame, read as JSON; the code when the server closes instead."""
        found = self._run(asyncio.wait_for(self.socket.receive(), 30))
        if found.type is not aiohttp.WSMsgType.TEXT:
            return self.socket.close_code
        frame = found.json()
        self.cursor = frame.get("cursor", self.cursor)
        return frame

    def events(self, count: int) -> list[str]:
        """The ids of the next `count` events."""
        found: list[str] = []
        while len(found) < count:
            frame = self.frame()
            if frame.get("event"):
                found.append(frame["event"]["id"])
        return found

    def close(self) -> None:
        """Go away."""
        self._run(self._session.close())
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()
