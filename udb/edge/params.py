"""What the edge can be told. Everything else about it follows from the contract."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tls:
    """A second listener that speaks TLS 1.2 and 1.3, at the same host as the plain one."""

    port: int
    certificate: Path
    """The PEM file of the certificate and its chain."""
    private_key: Path
    """The PEM file of the key."""


@dataclass(frozen=True)
class Limits:
    """How much and how long. Sizes are in bytes, times in seconds."""

    request_bytes: int = 1024 * 1024
    """The largest request body; a larger one is refused with 413."""
    response_bytes: int = 16 * 1024 * 1024
    """The largest answer that is turned into JSON."""
    header_kib: int = 16
    """The largest sum of all request headers; more is refused with 431. Servers must take twice as much: the edge adds
    its own, among them the path of a REST call once more."""
    connections: int = 8000
    """Connections from clients at one time."""
    concurrent_requests: int = 2048
    """Requests that one cluster works on at one time; more are refused with 503."""
    streams: int = 10_000
    """Streams that the streams processes hold at one time, over gRPC and over HTTP each."""
    heap_bytes: int = 1024 * 1024 * 1024
    """Memory that Envoy may take; close to it, requests are refused with 503."""
    unary_timeout: float = 15.0
    """From the whole request to the whole answer; later is 504."""
    wait_timeout: float = 30.0
    """The same for calls that may wait for what they answer with."""
    receive_timeout: float = 30.0
    """From a request's first byte to its last; slower is 408."""
    header_timeout: float = 10.0
    """From a request's first byte to the end of its headers; slower is 408."""
    stream_idle_timeout: float = 300.0
    """How long a stream may be silent."""
    connection_idle_timeout: float = 300.0
    """How long a client's connection may stay open without a request."""


@dataclass(frozen=True, kw_only=True)
class EnvoyParams:
    """The settings of one Envoy.

    Addresses are `host:port`, `[v6]:port` or `unix:/path`. Folders that are None are not served.
    """

    port: int
    host: str = "127.0.0.1"
    tls: Tls | None = None
    admin: str
    """Where Envoy's own interface listens. Whoever reaches it can stop Envoy: loopback or a Unix socket only."""
    rpc: tuple[str, ...]
    """The server processes that answer unary calls."""
    streams_grpc: tuple[str, ...]
    """The processes that answer server-streaming calls, reflection and gRPC health."""
    streams_http: tuple[str, ...]
    """The same processes' HTTP ports."""
    descriptor: Path = ROOT / "gen" / "envoy" / "descriptor.binpb"
    openapi_dir: Path | None = ROOT / "gen" / "openapi"
    swagger_ui_dir: Path | None = ROOT / "node_modules" / "swagger-ui-dist"
    access_log: Path | None = None
    """The file of the access log; None writes it to standard output."""
    cors_origins: tuple[str, ...] = ()
    """Origins that browsers may call from: exact (`https://app.example`), a regular expression (RE2, starting with
    `^`), or `*` for any."""
    trusted_hops: int = 0
    """How many proxies stand before this one and append to X-Forwarded-For. With 0 the header is not believed."""
    limits: Limits = field(default_factory=Limits)
