"""Real processes, a real Redis that may die, and a real mail server that can be slow."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.core import clock, ids, jobs, tenancy
from server.core.db import db
from server.core.models import Job
from tests.support import database as databases
from tests.support.wait import until
from tests.workers import process
from udb import ports
from udb.embedded import Postgres, Redis
from workers import registry

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """One worker process, its log, and ways to end it."""

    def __init__(self, arguments: tuple[str, ...], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        command = [sys.executable, "-m", "tests.workers.process", *arguments]
        with log.open("ab") as output:
            self.popen = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def events(self, event: str) -> list[dict[str, Any]]:
        """What the process logged under this name so far."""
        return [line for line in self.lines() if line["event"] == event]

    def lines(self) -> list[dict[str, Any]]:
        """What the process logged so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def wait_for_any(self, level: str) -> None:
        """Wait for a line of this level."""
        until(lambda: any(line["level"] == level for line in self.lines()))

    def wait_for(self, event: str, *, count: int = 1, within: float = 60.0) -> dict[str, Any]:
        """The `count`th line of this name, once there is one."""
        until(lambda: len(self.events(event)) >= count, within=within, saying=f"{event}: {self.log.read_text()}")
        return self.events(event)[count - 1]

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def terminate(self, *, within: float = 5.0) -> int:
        """SIGTERM; gives the exit code."""
        self.popen.terminate()
        return self.popen.wait(within)


Start = Callable[..., Process]


class Mailbox:
    """A mail server on loopback that remembers what it took. While `open` is not set it holds each DATA."""

    def __init__(self) -> None:
        self.taken: list[tuple[Envelope, EmailMessage]] = []
        self.arrived = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()
        self.answers: dict[str, str] = {}
        self.transports: list[Any] = []
        self.url = ""
        self.login = ("", "")

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.transports.append(server.transport)
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.arrived.release()
        await server.loop.run_in_executor(None, self.open.wait)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope, message))
        return "250 OK"

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self.transports)

    def admits(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any) -> AuthResult:
        given = (login.login.decode(), login.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    def messages(self) -> list[EmailMessage]:
        return [message for _, message in self.taken]

    def addresses(self) -> list[str]:
        """Whom the taken messages are for, in order of arrival."""
        return [envelope.rcpt_tos[0] for envelope, _ in self.taken]


@contextmanager
def serving(**options: Any) -> Iterator[Mailbox]:
    """A mail server with these options of aiosmtpd's."""
    box = Mailbox()
    if "auth_require_tls" in options:
        options["authenticator"] = box.admits
    with closing(ports.prefer(0)) as port:
        controller = Controller(box, hostname=ports.HOST, port=port.number, server_hostname="mail.test", **options)
        controller.start()
        box.url = f"smtp://{ports.HOST}:{port.number}"
        yield box
        box.open.set()
        # asyncio complains of connections that are still open when its loop ends.
        for transport in box.transports:
            controller.loop.call_soon_threadsafe(transport.close)
        server: Any = controller.server
        until(lambda: not server._active_count, saying="clients have hung up")
        controller.stop()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """The mail server."""
    with serving(enable_SMTPUTF8=True) as box:
        yield box


@pytest.fixture
def plain_mailbox() -> Iterator[Mailbox]:
    """A mail server that takes ASCII addresses only."""
    with serving(enable_SMTPUTF8=False) as box:
        yield box


@pytest.fixture
def login_mailbox() -> Iterator[Mailbox]:
    """A mail server that lets nobody but `mailbox.login` log in."""
    with serving(auth_require_tls=False) as box:
        yield box


class Tls(ssl.SSLContext):
    """A server's context for 127.0.0.1; `authority` is the file of the certificate that signed itself."""

    authority: Path


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A certificate for 127.0.0.1 that nobody trusts yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    day = timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(clock.now() - day)
        .not_valid_after(clock.now() + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ports.HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    authority, private = tmp_path / "certificate.pem", tmp_path / "key.pem"
    authority.write_bytes(certificate.public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, *plain))
    context = Tls(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    context.authority = authority
    return context


@pytest.fixture
def worker_role(committed: Postgres) -> Iterator[Postgres]:
    """The database as the workers' role, for tests that run parts of the workers in this process."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    yield committed
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")


@pytest.fixture
def handlers() -> Iterator[None]:
    """The tests' handlers in this process."""
    before = dict(registry.HANDLERS)
    process.register()
    yield
    registry.HANDLERS.clear()
    registry.HANDLERS.update(before)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own, which it may flush and kill."""
    with databases.running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def start(committed: Postgres, broker: Redis, tmp_path: Path) -> Iterator[Start]:
    """Starts a process of the workers and waits until it is ready."""
    environment = {
        **os.environ,
        "DATABASE_URL": committed.url,
        "BROKER_URL": broker.url,
        "VAR_DIR": str(tmp_path / "var"),
        "JOB_LEASE_SECONDS": "3",
        "WORKER_THREADS": "4",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
    }
    started: list[Process] = []

    def start_one(*arguments: str, **settings: str) -> Process:
        one = Process(arguments, tmp_path / f"{len(started)}.log", environment | settings)
        started.append(one)
        one.wait_for({"work": "worker ready"}.get(arguments[-1], f"{arguments[-1]} ready"))
        return one

    yield start_one
    for one in started:
        if one.popen.poll() is None:
            one.kill()


def kill(server: Redis | Postgres) -> None:
    """End a server without notice; `server.start()` brings it back."""
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


def enqueue(*messages: Any, after: Any = None) -> None:
    """Commit jobs."""
    with tenancy.transaction():
        for message in messages:
            jobs.enqueue(message, run_time=clock.now() + after if after else None)


def insert(url: str, messages: Iterable[Any]) -> None:
    """Commit jobs to another database than the session's."""
    with databases.as_owner(url) as cursor:
        for message in messages:
            cursor.execute(
                "INSERT INTO job VALUES (%s, %s, %s, 'READY', 0, now(), NULL, '', '', now())",
                (ids.new(), message.DESCRIPTOR.full_name, message.SerializeToString()),
            )
        cursor.execute(f"NOTIFY {jobs.CHANNEL}")


def rows(url: str) -> list[dict[str, Any]]:
    """All jobs, as the owner sees them, oldest first."""
    names = list(Job._meta.columns)
    with databases.as_owner(url) as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM job ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
