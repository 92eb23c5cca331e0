"""The FastAPI peer as one side of the benchmark: its database, its data, its processes, a proof that it works."""

import os
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID, uuid4

import jwt
import psycopg2
import psycopg2.extras
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.load import HTTP, PYTHON, ROOT, UUID_MARK, Load
from benchmarks.loopback import call, free_port
from benchmarks.wire import USERS, WORKSPACES_EACH, create_body, http_request
from udb.supervisor.spec import guarded

DATABASE, ROLE, AUDIENCE = "bench_peer", "bench_peer_app", "peer"
SCHEMA = Path(__file__).parent / "peers" / "fastapi_app" / "schema.sql"
START_SECONDS = 30.0


class PeerError(RuntimeError):
    """The peer did not start, or does not do the work that it is measured by."""


@dataclass(frozen=True)
class Person:
    """A seeded user: an access token, and the workspaces that the user owns."""

    user_id: UUID
    token: str
    workspace_ids: list[UUID]


class FastApiPeer:
    """Runs the peer while the block lasts: one uvicorn process per core, each on a port of its own.

    The load generator spreads its connections evenly over the ports. With `uvicorn --workers`, whichever process wakes
    first takes what waits in the common socket, and one worker may get most of the connections.
    """

    def __init__(self, *, database_url: str, processes: int) -> None:
        self._admin_url = database_url
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ports = [free_port() for _ in range(processes)]
        self._key = Ed25519PrivateKey.generate()
        self.people: list[Person] = []

    def __enter__(self) -> Self:
        self._create_database()
        with closing(psycopg2.connect(self._url("postgresql"))) as connection, connection:
            self.people = self._seed(connection)
        try:
            self._start()
            self._prove()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(timeout=10)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where the processes listen."""
        return [("127.0.0.1", port) for port in self._ports]

    def groups(self) -> dict[str, list[int]]:
        """The processes that work on a request, Postgres aside."""
        return {"server": [process.pid for process in self._processes]}

    def get_workspace(self) -> Load:
        """Reads of every seeded workspace by its owner."""
        requests = [
            http_request("GET", f"/v1/workspaces/{workspace_id}", token=person.token)
            for n in range(WORKSPACES_EACH)
            for person in self.people
            for workspace_id in [person.workspace_ids[n]]
        ]
        return Load(protocol=HTTP, addresses=self.addresses, requests=requests)

    def create_workspace(self) -> Load:
        """Creates, each with a slug and an idempotency key of its own."""
        requests = [
            http_request("POST", "/v1/workspaces", token=person.token, body=create_body(), key=UUID_MARK.decode())
            for person in self.people
        ]
        return Load(protocol=HTTP, addresses=self.addresses, requests=requests)

    def _url(self, scheme: str) -> str:
        parts = urlsplit(self._admin_url)
        query = urlencode(parse_qsl(parts.query))
        return urlunsplit((scheme, parts.netloc, f"/{DATABASE}", query, ""))

    def _create_database(self) -> None:
        with closing(psycopg2.connect(self._admin_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                cursor.execute(f"DROP ROLE IF EXISTS {ROLE}")
                cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        with (
            closing(psycopg2.connect(self._url("postgresql"))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(SCHEMA.read_text())

    def _seed(self, connection: Any) -> list[Person]:
        psycopg2.extras.register_uuid()
        moment, people = datetime.now(UTC), []
        with connection.cursor() as cursor:
            for number in range(USERS):
                user_id, session_id = uuid4(), uuid4()
                cursor.execute(
                    "INSERT INTO user_account VALUES (%s, %s, %s)", (user_id, f"bench-{number}@example.com", "Bench")
                )
                cursor.execute(
                    "INSERT INTO session VALUES (%s, %s, %s)", (session_id, user_id, moment + timedelta(days=7))
                )
                workspace_ids = [uuid4() for _ in range(WORKSPACES_EACH)]
                for at, workspace_id in enumerate(workspace_ids):
                    cursor.execute(
                        "INSERT INTO workspace VALUES (%s, %s, %s, %s, 'free', '{}', '{}', 1, %s, %s)",
                        (workspace_id, f"Bench {at}", f"bench-{number}-{at}", user_id, moment, moment),
                    )
                    cursor.execute(
                        "INSERT INTO member VALUES (%s, %s, 'OWNER', '{}', 1, %s, %s)",
                        (workspace_id, user_id, moment, moment),
                    )
                people.append(Person(user_id, self._token(user_id, session_id, moment), workspace_ids))
        return people

    def _token(self, user_id: UUID, session_id: UUID, moment: datetime) -> str:
        claims = {
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": moment,
            "exp": moment + timedelta(hours=1),
            "auth_time": int(moment.timestamp()),
            "aud": AUDIENCE,
            "amr": ["pwd"],
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")

    def _start(self) -> None:
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        environment = os.environ | {
            "DATABASE_URL": self._url("postgresql+asyncpg"),
            "DATABASE_ROLE": ROLE,
            "JWT_PUBLIC_KEY": public.decode(),
            "JWT_AUDIENCE": AUDIENCE,
            "POOL_SIZE": str(32 // len(self._ports)),
        }
        for port in self._ports:
            command = (str(PYTHON), "-m", "uvicorn", "benchmarks.peers.fastapi_app.app:app", "--port", str(port))
            options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
            self._processes.append(subprocess.Popen(guarded((*command, *options)), env=environment, cwd=ROOT))
        deadline = time.monotonic() + START_SECONDS
        for port in self._ports:
            while call("GET", port, "/healthz")[0] != HTTPStatus.OK:
                if time.monotonic() > deadline or any(process.poll() is not None for process in self._processes):
                    message = "The FastAPI peer did not start: see what it printed above."
                    raise PeerError(message)
                time.sleep(0.05)

    def _prove(self) -> None:
        """Each check that the product makes, the peer has to make too, or the comparison is worth nothing."""
        me, other = self.people[0], self.people[1]
        mine = f"/v1/workspaces/{me.workspace_ids[0]}"
        forged = me.token[:-8] + ("A" * 8 if not me.token.endswith("A" * 8) else "B" * 8)
        other_body, bad = {"name": "Another", "slug": "another"}, {"name": "", "slug": "-"}
        for port in self._ports:
            body, key = {"name": "Proof", "slug": f"proof-{port}"}, str(uuid4())
            first = call("POST", port, "/v1/workspaces", token=me.token, body=body, key=key)
            again = call("POST", port, "/v1/workspaces", token=me.token, body=body, key=key)
            outcomes = {
                "a member reads a workspace": (call("GET", port, mine, token=me.token)[0], 200),
                "no token is refused": (call("GET", port, mine)[0], 401),
                "a forged token is refused": (call("GET", port, mine, token=forged)[0], 401),
                "another tenant sees nothing": (call("GET", port, mine, token=other.token)[0], 404),
                "a create is answered": (first[0], 200),
                "a replay gives the same workspace": (again[1].get("id"), first[1].get("id")),
                "a key of another body is refused": (
                    call("POST", port, "/v1/workspaces", token=me.token, body=other_body, key=key)[0],
                    409,
                ),
                "a taken slug is refused": (
                    call("POST", port, "/v1/workspaces", token=me.token, body=body, key=str(uuid4()))[0],
                    409,
                ),
                "bad fields are refused": (
                    call("POST", port, "/v1/workspaces", token=me.token, body=bad, key=str(uuid4()))[0],
                    422,
                ),
            }
            for claim, (got, wanted) in outcomes.items():
                if got != wanted:
                    message = f"The FastAPI peer is not fair to compare with: that {claim} gave {got}, not {wanted}."
                    raise PeerError(message)
        self._prove_rows()

    def _prove_rows(self) -> None:
        """What a create must leave, and that row-level security holds for the role that the peer runs as."""
        with closing(psycopg2.connect(self._url("postgresql"))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM event")
            events = cursor.fetchall()[0][0]
            cursor.execute(f"SET ROLE {ROLE}")
            cursor.execute("SELECT count(*) FROM workspace")
            visible = cursor.fetchall()[0][0]
        if events != 2 * len(self._ports) or visible != 0:
            message = f"The FastAPI peer is not fair to compare with: {events} events, {visible} rows without a tenant."
            raise PeerError(message)
