"""The product as one side of the benchmark: a whole installation, people who signed up as anybody does, its loads."""

import re
import shutil
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import grpc

from benchmarks.costs import children
from benchmarks.extended import procfile
from benchmarks.load import GRPC, HTTP, ROOT, UUID_MARK, Load
from benchmarks.loopback import call
from benchmarks.wire import USERS, WORKSPACES_EACH, create_body, grpc_request, http_request
from server.core import ids
from udb.installation import Installation
from userdata.workspaces.v1 import workspace_service_pb2

PASSWORD = "a long and quiet river 7"
MAIL_SECONDS = 30.0
GET, LIST = "GetWorkspace", "ListWorkspaces"
SERVICE = "userdata.workspaces.v1.WorkspaceService"


class ProductError(RuntimeError):
    """The product did not do what the benchmark needs before it can measure."""


@dataclass
class Person:
    """Somebody with an account: the access token of the last login, and the workspaces created."""

    email: str
    user_id: str
    token: str
    workspace_ids: list[str]

    @property
    def uuid(self) -> UUID:
        """The user's id as the database has it."""
        return ids.decode("usr", self.user_id)


class Product:
    """Runs an installation while the block lasts, with as many server processes as there are cores.

    Postgres writes to disk as in production (the helper's own default spares that for tests), nobody is kept from
    owning more than the usual thousand workspaces or from watching one, and webhooks may go to this machine. Its
    processes know the benchmark's own types of steps (`benchmarks.extended`).
    """

    def __init__(self, *, processes: int) -> None:
        self._var = ROOT / "var" / "bench" / "installation"
        env = {
            "PROCFILE": str(self._var.parent / "Procfile"),
            "SERVER_PROCESSES": str(processes),
            "POSTGRES_FSYNC": "true",
            "WORKSPACES_PER_USER": "0",
            "STREAMS_PER_WORKSPACE": "10000",
            "WEBHOOK_ALLOW_HTTP": "true",
            "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        self.installation = Installation(self._var, env)
        self.people: list[Person] = []

    def __enter__(self) -> Self:
        shutil.rmtree(self._var.parent, ignore_errors=True)
        self._var.mkdir(parents=True)
        procfile(self._var.parent)
        self.installation.__enter__()
        try:
            self.people = [self.sign_up(f"bench-{number}@example.com") for number in range(USERS)]
            for person in self.people:
                self._create_workspaces(person)
        except BaseException:
            self.installation.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.installation.__exit__(*exception)
        shutil.rmtree(self._var.parent, ignore_errors=True)

    @property
    def port(self) -> int:
        """Envoy's."""
        return urlsplit(self.installation.http_url).port or 80

    @property
    def servers(self) -> list[tuple[str, int]]:
        """The bare gRPC servers."""
        return [self.server(name)[1] for name in self.installation.processes if name.startswith("rpc.")]

    def server(self, name: str = "rpc.1") -> tuple[int, tuple[str, int]]:
        """One server process: its id and its address."""
        host, _, port = self.installation.state.addresses[name].rpartition(":")
        return self.installation.processes[name].pid, (host, int(port))

    def groups(self) -> dict[str, list[int]]:
        """All processes of the installation by kind."""
        kinds: dict[str, list[int]] = {"server": [], "deliverer": [], "runner": [], "envoy": [], "others": []}
        for label, running in self.installation.processes.items():
            if label == "postgres":
                continue
            name = label.partition(".")[0]
            kind = "server" if name == "rpc" else name if name in kinds else "others"
            kinds[kind].append(running.pid)
        return kinds | self.postgres()

    def postgres(self) -> dict[str, list[int]]:
        """Postgres and its backends."""
        pid = self.installation.processes["postgres"].pid
        return {"postgres": [pid, *children(pid)]}

    def sign_up(self, email: str) -> Person:
        """Registers, takes the token from the mail, verifies, logs in."""
        body = {"email": email, "password": PASSWORD, "displayName": "Bench"}
        self._must(call("POST", self.port, "/v1/auth/register", body=body))
        self._must(call("POST", self.port, "/v1/auth/verify-email", body={"token": self._mailed_token(email)}))
        person = Person(email, "", "", [])
        self.sign_in(person)
        return person

    def sign_in(self, person: Person) -> None:
        """Gets the person a new access token: one holds for 15 minutes."""
        body = {"email": person.email, "password": PASSWORD}
        answer = self._must(call("POST", self.port, "/v1/auth/login", body=body))
        person.token, person.user_id = answer["accessToken"], answer["user"]["id"]

    def sign_in_again(self) -> None:
        """`sign_in` for everybody."""
        for person in self.people:
            self.sign_in(person)

    def post(self, person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call of the API by the person, through Envoy. Raises ProductError when it fails."""
        return self._must(call("POST", self.port, path, token=person.token, body=body))

    def get_over_rest(self) -> Load:
        """Reads of every workspace by its owner, through Envoy."""
        requests = [
            http_request("GET", f"/v1/workspaces/{workspace_id}", token=person.token)
            for person, workspace_id in self._everything()
        ]
        return Load(protocol=HTTP, addresses=[("127.0.0.1", self.port)], requests=requests)

    def get_over_grpc(self) -> Load:
        """The same reads at the bare servers."""
        requests = []
        for person, workspace_id in self._everything():
            message = workspace_service_pb2.GetWorkspaceRequest(workspace_id=workspace_id)
            requests.append(
                grpc_request(
                    path=f"/{SERVICE}/{GET}",
                    authority="127.0.0.1",
                    message=message.SerializeToString(),
                    metadata={"authorization": f"Bearer {person.token}"},
                )
            )
        return Load(protocol=GRPC, addresses=self.servers, requests=requests, expected=0)

    def create_over_rest(self) -> Load:
        """Creates through Envoy, each with a slug and an idempotency key of its own."""
        requests = [
            http_request("POST", "/v1/workspaces", token=person.token, body=create_body(), key=UUID_MARK.decode())
            for person in self.people
        ]
        return Load(protocol=HTTP, addresses=[("127.0.0.1", self.port)], requests=requests)

    def list_page(self, person: Person, *, size: int, token: str) -> Load:
        """One page of the person's workspaces through Envoy, by one caller at a time."""
        path = f"/v1/workspaces?pageSize={size}" + (f"&pageToken={token}" if token else "")
        request = http_request("GET", path, token=person.token)
        address = ("127.0.0.1", self.port)
        return Load(protocol=HTTP, addresses=[address], requests=[request], connections=1)

    def walk(self, person: Person, *, sizes: list[int], token: str = "") -> tuple[int, str]:
        """Turns the pages of the person's list, over gRPC.

        Args:
            person: whose list.
            sizes: the size of each page.
            token: the page to start with; the first one when empty.

        Returns:
            How many workspaces came, and the token of the page after the last.
        """
        _, (host, port) = self.server()
        metadata = (("authorization", f"Bearer {person.token}"),)
        seen = 0
        with grpc.insecure_channel(f"{host}:{port}", [("grpc.max_receive_message_length", -1)]) as channel:
            turn = channel.unary_unary(
                f"/{SERVICE}/{LIST}",
                request_serializer=workspace_service_pb2.ListWorkspacesRequest.SerializeToString,
                response_deserializer=workspace_service_pb2.ListWorkspacesResponse.FromString,
            )
            for size in sizes:
                request = workspace_service_pb2.ListWorkspacesRequest(page_size=size, page_token=token)
                page = turn(request, metadata=metadata, timeout=30)
                seen, token = seen + len(page.workspaces), page.next_page_token
        return seen, token

    def _everything(self) -> list[tuple[Person, str]]:
        return [(person, person.workspace_ids[n]) for n in range(WORKSPACES_EACH) for person in self.people]

    def _create_workspaces(self, person: Person) -> None:
        for number in range(WORKSPACES_EACH):
            slug = f"{person.email.partition('@')[0]}-{number}"
            body = {"name": f"Bench {number}", "slug": slug}
            answer = self._must(call("POST", self.port, "/v1/workspaces", token=person.token, body=body))
            person.workspace_ids.append(answer["id"])

    def _mailed_token(self, email: str) -> str:
        deadline = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < deadline:
            for mail in (self._var / "mail").glob("*.eml"):
                text = mail.read_text(errors="replace").replace("=\n", "").replace("=3D", "=")
                found = re.search(r"\?token=([\w.%-]+)", text)
                if found and email in text:
                    return unquote(found[1])
            time.sleep(0.05)
        message = f"No mail with a token came for {email} within {MAIL_SECONDS:.0f} s."
        raise ProductError(message)

    def _must(self, answer: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        status, body = answer
        if status != HTTPStatus.OK:
            message = f"The product answered {status}: {body}"
            raise ProductError(message)
        return body
