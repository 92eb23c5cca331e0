"""Connections to receivers: every address is judged where it is dialled, and the phases of dialling are timed.

The resolver inside of the connector judges the whole answer, and what it returns is what is dialled: nobody looks a
name up twice. Hosts that are literals never meet a resolver (aiohttp's `TCPConnector._resolve_host`), so the factory of
sockets, which every dial passes, judges once more. Proxies of the environment, cookies and redirects play no part.
"""

import asyncio
import resource
import socket
import ssl
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Final
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.resolver import AsyncResolver

from server.core.outbound.guard import AddressForbidden, may_dial
from server.core.outbound.settings import Network, OutboundSettings

#: How often connections that nobody uses are closed at most, when too many are open.
_SHED_SECONDS: Final = 0.1
#: As many files as a process ever needs.
_FILES: Final = 65_536
#: What is read ahead of the reader: answers may be endless.
_READ_AHEAD: Final = 16 * 1024
#: Timeouts are exact up to this many seconds; aiohttp rounds longer ones up to whole seconds.
_EXACT: Final = 60.0


class Phases:
    """When a connection was begun, how long the look-up took, and when TLS began; of one attempt. In seconds."""

    __slots__ = ("address", "begun", "dns", "ended", "tls_begun")

    def __init__(self) -> None:
        self.begun: float | None = None
        self.dns: float | None = None
        self.tls_begun: float | None = None
        self.ended: float | None = None
        self.address = ""

    def milliseconds(self) -> tuple[float | None, float | None, float | None]:
        """DNS, connect and TLS; None for what did not take place or did not end."""
        if self.begun is None:
            return None, None, None
        connected = self.tls_begun or self.ended
        connect = connected and connected - self.begun - (self.dns or 0.0)
        tls = self.tls_begun and self.ended and self.ended - self.tls_begun
        return tuple(None if seconds is None else seconds * 1000 for seconds in (self.dns, connect, tls))  # type: ignore[return-value]


#: The phases of the attempt that this task makes.
phases: ContextVar[Phases | None] = ContextVar("phases", default=None)


class GuardedResolver(AbstractResolver):
    """Refuses the whole answer of `resolver` when one address in it may not be dialled."""

    def __init__(self, resolver: AbstractResolver, allowed: tuple[Network, ...]) -> None:
        self._resolver = resolver
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises AddressForbidden, and OSError when there are none."""
        begun = perf_counter()
        found = await self._resolver.resolve(host, port, family)
        timed = phases.get()
        if timed is not None:
            timed.dns = perf_counter() - begun
        if not all(may_dial(entry["host"], self._allowed) for entry in found):
            raise AddressForbidden
        return found

    async def close(self) -> None:
        """Close the resolver behind."""
        await self._resolver.close()


def open_files() -> int:
    """How many files this process may have open, raised as far as the system lets it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def resolver_of(settings: OutboundSettings) -> AbstractResolver:
    """A resolver that takes no threads: a name server that hangs holds up nobody but those who ask it."""
    if not settings.nameservers:
        return AsyncResolver()
    return AsyncResolver(nameservers=list(settings.nameservers), udp_port=settings.dns_port, tcp_port=settings.dns_port)


class TlsContext(ssl.SSLContext):
    """Verifies receivers by the system's authorities and tells when a handshake begins."""

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """As the base class; the event loop calls it when the handshake begins."""
        timed = phases.get()
        if timed is not None:
            timed.tls_begun = perf_counter()
        return super().wrap_bio(*args, **options)


def tls_context(settings: OutboundSettings) -> TlsContext:
    """A context for connections to receivers: certificates and host names are verified, TLS 1.2 or newer."""
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_default_certs()
    if settings.ca_file:
        context.load_verify_locations(settings.ca_file)
    return context


class GuardedConnector(aiohttp.TCPConnector):
    """A pool of connections to judged addresses. How many there are at a time is for the caller to bound.

    A limit here would make requests wait, and count the wait against a receiver.
    """

    def __init__(
        self, settings: OutboundSettings, resolver: AbstractResolver, *, context: ssl.SSLContext, keep: bool
    ) -> None:
        self._allowed = settings.allowed_networks
        self._guarded = GuardedResolver(resolver, settings.allowed_networks)
        self.addresses: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._most = open_files() // 2
        self._shed_at = 0.0
        super().__init__(
            resolver=self._guarded,
            ttl_dns_cache=settings.dns_seconds,  # type: ignore[arg-type] # any number of seconds serves
            keepalive_timeout=settings.idle_seconds if keep else None,
            force_close=not keep,
            limit=0,
            ssl=context,
            socket_factory=self._socket,
        )

    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = address
        if not may_dial(where[0], self._allowed):
            raise AddressForbidden
        timed = phases.get()
        if timed is not None:
            timed.address = where[0]
        return socket.socket(family=family, type=kind, proto=protocol)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Any:
        # Where aiohttp's own connectors differ from each other. Trace signals would tell the same at a price for each
        # request, most of which find a connection open.
        timed = phases.get() or Phases()
        timed.begun = perf_counter()
        if len(self.addresses) >= self._most and timed.begun - self._shed_at > _SHED_SECONDS:
            self._shed(timed.begun)
        protocol = await super()._create_connection(req, traces, timeout)
        timed.ended = perf_counter()
        peer = protocol.transport.get_extra_info("peername") if protocol.transport is not None else None
        self.addresses[protocol] = peer[0] if peer else timed.address
        return protocol

    def _shed(self, now: float) -> None:
        """Close the connections that nobody uses: so many receivers that files run out for those to come."""
        self._shed_at = now
        for idle in self._conns.values():
            while idle:
                idle.popleft()[0].close()

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections, and the resolver."""
        await super().close(abort_ssl=abort_ssl)
        await self._guarded.close()


class Answer(aiohttp.ClientResponse):
    """A response that knows its peer."""

    address = ""

    async def start(self, connection: Connection) -> "Answer":
        """As the base class."""
        connector = connection._connector  # noqa: SLF001 - the one way from a connection to its pool
        if isinstance(connector, GuardedConnector):
            self.address = connector.addresses.get(connection.protocol, "")
        await super().start(connection)
        return self


def session_of(connector: GuardedConnector) -> aiohttp.ClientSession:
    """A session over `connector`: no cookies, no proxies, nothing decompressed, little read ahead."""
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=Answer,
        trust_env=False,
        auto_decompress=False,
        read_bufsize=_READ_AHEAD,
        loop=asyncio.get_running_loop(),
    )


def timeout_of(seconds: float) -> aiohttp.ClientTimeout:
    """A timeout over all of a request, answer included."""
    return aiohttp.ClientTimeout(total=seconds, ceil_threshold=_EXACT)
