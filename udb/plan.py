"""Which processes an installation has, on which ports, with which environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from udb import environment, ports, probes
from udb.conf import Tool
from udb.edge import EnvoyParams, Tls
from udb.embedded import Postgres, Redis, envoy
from udb.errors import ToolError
from udb.paths import Var
from udb.ports import HOST, Port
from udb.supervisor import procfile
from udb.supervisor.spec import Spec

#: Processes of the Procfile that run in a number; the others run once.
_MANY: Final[Mapping[str, Callable[[Tool], int]]] = {
    "rpc": lambda tool: tool.server_processes,
    "worker": lambda tool: tool.worker_processes,
    "deliverer": lambda tool: tool.deliverer_processes,
    "runner": lambda tool: tool.runner_processes,
}
_URL: Final = {Postgres: "DATABASE_URL", Redis: "BROKER_URL"}
#: Processes that answer callers. They stop before those that work on jobs.
_SERVING: Final = ("rpc", "streams")
#: How long they get to stop, in seconds. Once Envoy is gone hardly anybody waits for an answer.
_SERVING_S: Final = 2.0
_WORKING_S: Final = 3.0


@dataclass(frozen=True)
class Ports:
    """The ports an installation holds while it runs."""

    http: Port
    tls: Port | None
    admin: Port
    rpc: tuple[Port, ...]
    streams: Port
    streams_http: Port

    @classmethod
    def hold(cls, tool: Tool) -> "Ports":
        """Take them. Raises ToolError when HTTP_PORT or TLS_PORT is taken; the others move out of the way."""
        host = str(tool.http_host)
        rpc = (tool.rpc_port + number if tool.rpc_port else 0 for number in range(tool.server_processes))
        return cls(
            http=ports.claim(tool.http_port, setting="HTTP_PORT", host=host),
            tls=ports.claim(tool.tls_port, setting="TLS_PORT", host=host) if tool.tls_certificate else None,
            admin=ports.prefer(tool.admin_port),
            rpc=tuple(ports.prefer(number) for number in rpc),
            streams=ports.prefer(tool.streams_port),
            streams_http=ports.prefer(tool.streams_http_port),
        )


@dataclass(frozen=True)
class Plan:
    """An installation that is about to run.

    `embedded` holds the servers that no URL was given for; `host` is where Envoy is reached from here; `mail` says
    where mail goes.
    """

    var: Var
    ports: Ports
    embedded: tuple[Postgres | Redis, ...]
    environment: dict[str, str]
    serving: tuple[Spec, ...]
    working: tuple[Spec, ...]
    envoy: Spec
    host: str
    mail: str


def make(tool: Tool, var: Var) -> Plan:
    """The plan for the settings. Holds ports and makes missing secrets. Raises ToolError."""
    held = Ports.hold(tool)
    host = HOST if tool.http_host.is_unspecified else str(tool.http_host)
    servers = embedded(tool, var)
    values = {
        **environment.base(tool, var),
        "PUBLIC_URL": tool.public_url or f"http://{host}:{held.http.number}",
        "HTTP_PORT": str(held.http.number),
        "STREAMS_HTTP_PORT": str(held.streams_http.number),
        "PROMETHEUS_MULTIPROC_DIR": str(var.metrics),
        **_given(tool),
        **{_URL[type(server)]: server.url for server in servers},
    }
    specs = {name: _specs(name, command, tool, held) for name, command in procfile.read(tool.procfile).items()}
    return Plan(
        var=var,
        ports=held,
        embedded=tuple(servers),
        environment=values,
        serving=tuple(spec for name in specs if name in _SERVING for spec in specs[name]),
        working=tuple(spec for name in specs if name not in _SERVING for spec in specs[name]),
        host=host,
        mail="sent through SMTP_URL" if tool.smtp_url else f"{var.mail} (no SMTP_URL is set)",
        envoy=envoy.spec(_edge(tool, held), var.run / "envoy.yaml"),
    )


def _given(tool: Tool) -> dict[str, str]:
    """The URLs that the operator gave, for commands that are run elsewhere later."""
    urls = {"DATABASE_URL": tool.database_url, "BROKER_URL": tool.broker_url, "SMTP_URL": tool.smtp_url}
    return {name: url.get_secret_value() for name, url in urls.items() if url is not None}


def embedded(tool: Tool, var: Var) -> list[Postgres | Redis]:
    """The servers that are embedded because no URL names another."""
    servers: list[Postgres | Redis] = []
    if tool.database_url is None:
        servers.append(postgres(tool, var))
    if tool.broker_url is None:
        password = environment.secret(var, environment.REDIS_PASSWORD)
        port = ports.prefer(tool.redis_port)
        servers.append(Redis(var.redis, port=port, password=password, log=var.log / "redis.log"))
    return servers


def postgres(tool: Tool, var: Var) -> Postgres:
    """The embedded Postgres of the installation. Raises ToolError when its password is lost."""
    if (var.postgres / "data").exists() and not environment.has_secret(var, environment.POSTGRES_PASSWORD):
        lost = var.secrets / environment.POSTGRES_PASSWORD
        raise ToolError(f"{lost} is missing though {var.postgres} has data: bring it back from a backup.")
    return Postgres(
        var.postgres,
        port=ports.prefer(tool.postgres_port),
        password=environment.secret(var, environment.POSTGRES_PASSWORD),
        log=var.log / "postgres.log",
        sockets=var.run,
        fsync=tool.postgres_fsync,
    )


def _edge(tool: Tool, held: Ports) -> EnvoyParams:
    tls = None
    if held.tls and tool.tls_certificate and tool.tls_private_key:
        tls = Tls(held.tls.number, tool.tls_certificate.absolute(), tool.tls_private_key.absolute())
    params = EnvoyParams(
        host=str(tool.http_host),
        port=held.http.number,
        tls=tls,
        admin=f"{HOST}:{held.admin.number}",
        rpc=tuple(f"{HOST}:{port.number}" for port in held.rpc),
        streams_grpc=(f"{HOST}:{held.streams.number}",),
        streams_http=(f"{HOST}:{held.streams_http.number}",),
        cors_origins=tool.cors_origins,
        trusted_hops=tool.trusted_hops,
    )
    # Without these folders everything else still works; `udb doctor` tells that they are missing.
    openapi, swagger = params.openapi_dir, params.swagger_ui_dir
    return replace(
        params,
        openapi_dir=openapi if openapi and openapi.is_dir() else None,
        swagger_ui_dir=swagger if swagger and swagger.is_dir() else None,
    )


def _specs(name: str, command: str, tool: Tool, held: Ports) -> list[Spec]:
    """The processes that line `name` of the Procfile stands for."""
    if name not in _MANY:
        return [_spec(name, name, command, held.streams if name == "streams" else None, held)]
    numbers = range(_MANY[name](tool))
    return [_spec(f"{name}.{n + 1}", name, command, held.rpc[n] if name == "rpc" else None, held) for n in numbers]


def _spec(label: str, name: str, command: str, port: Port | None, held: Ports) -> Spec:
    probe: Callable[[], None] | None = None
    if name == "streams":
        probe = partial(probes.http_serves, f"{HOST}:{held.streams_http.number}", "/healthz")
    elif port is not None:
        probe = partial(probes.grpc_serves, f"{HOST}:{port.number}")
    return Spec(
        name=label,
        command=procfile.shell(command),
        environment={"PORT": str(port.number)} if port else {},
        probe=probe,
        stop_within=_SERVING_S if name in _SERVING else _WORKING_S,
    )
