"""Receivers, name servers and certificates for the tests of sending: real servers on loopback."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar

import uvloop

from server.core import ids
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import NoAuth, Outcome, Outgoing, SendingSettings, Target

T = TypeVar("T")

LOOPBACK: Final = SendingSettings(allow_http=True, allowed_networks=(ip_network("127.0.0.0/8"),))
SECRET: Final = bytes(range(32))
WORKSPACE: Final = ids.new()
OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def run(work: Coroutine[Any, Any, T]) -> T:
    """`work` on a loop of the kind that the deliverer has."""
    return uvloop.run(work)


@dataclass(frozen=True)
class Request:
    """What a receiver got; names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """A receiver that answers as `answer` does, and remembers what it got."""

    port: int
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def url(self, path: str = "/hooks", *, host: str = "127.0.0.1") -> str:
        """The URL of `path` on this receiver."""
        return f"{self.scheme}://{host}:{self.port}{path}"


async def ok(request: Request, writer: asyncio.StreamWriter) -> None:
    """200, and the connection stays."""
    writer.write(OK)


def answering(*answers: bytes) -> Answer:
    """Gives `answers` one after the other, then the last again and again."""
    left = list(answers)

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answer


@asynccontextmanager
async def receiving(answer: Answer = ok, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        receiver.open += 1
        connection = receiver.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = first.split(" ")
                receiver.requests.append(Request(method, path, headers, body, connection))
                await answer(receiver.requests[-1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # The sender is done with the connection.
            return
        finally:
            receiver.open -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    receiver = Receiver(server.sockets[0].getsockname()[1], "https" if tls else "http")
    try:
        yield receiver
    finally:
        server.close()


class Names(asyncio.DatagramProtocol):
    """A name server: the addresses of each name, either fixed or a list that is worked through look-up by look-up."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self._names = names
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        kind = struct.unpack("!H", data[at + 1 : at + 3])[0]
        name = ".".join(labels).lower()
        rounds = self._names.get(name)
        found: list[bytes] = []
        if rounds is not None:
            asked = f"{name}/{kind}"
            turn = min(self.asked.count(asked), len(rounds) - 1)
            self.asked.append(asked)
            found = [a.packed for a in map(ip_address, rounds[turn]) if a.version == (4 if kind == 1 else 6)]
        flags = 0x8180 if rounds is not None else 0x8183
        answers = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(a)) + a for a in found)
        question = data[12 : at + 5]
        reply = data[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question + answers
        self._transport.sendto(reply, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def naming(names: dict[str, list[list[str]]]) -> AsyncIterator[Names]:
    """A name server on a free port of loopback."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Names(names), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()


def target(url: str, **changes: Any) -> Target:
    """An endpoint at `url`."""
    plain: dict[str, Any] = {
        "endpoint_id": ids.new(),
        "workspace_id": WORKSPACE,
        "url": url,
        "headers": {},
        "signature": "HMAC_SHA256",
        "secrets": (SECRET,),
        "timeout": 5.0,
        "format": "PLAIN",
        "transformation": "",
        "auth": NoAuth(),
    }
    return Target(**plain | changes)


def event(**changes: Any) -> Outgoing:
    """An event of one workspace."""
    plain: dict[str, Any] = {
        "event_id": ids.new(),
        "type": "invoice.paid",
        "subject": "invoices/7",
        "workspace_id": WORKSPACE,
        "time": datetime(2026, 11, 22, 10, 30, 0, 123456, tzinfo=UTC),
        "data": '{"amount": 1200, "currency": "EUR"}',
        "sequence": None,
        "ordering_key": None,
        "trace_parent": "",
    }
    return Outgoing(**plain | changes)


def attempts(
    answer: Answer,
    *events: Outgoing,
    made: Callable[[Receiver], Target] = lambda receiver: target(receiver.url()),
    settings: SendingSettings = LOOPBACK,
) -> tuple[list[Outcome], Receiver]:
    """Send events one after the other to one endpoint of a receiver; one event when none is given."""

    async def work() -> tuple[list[Outcome], Receiver]:
        async with receiving(answer) as receiver, Sender(settings) as sender:
            endpoint = made(receiver)
            return [await sender.send(endpoint, each) for each in events or (event(),)], receiver

    return run(work())
