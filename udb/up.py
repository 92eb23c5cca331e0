"""`udb up`: the whole installation from one command, until Ctrl-C."""

import asyncio
import os
import signal
import sys

from udb import environment
from udb.conf import Tool
from udb.errors import ToolError
from udb.paths import Var
from udb.plan import Plan, make
from udb.ports import HOST
from udb.supervisor import leftovers, lock
from udb.supervisor import state as states
from udb.supervisor.child import GaveUp
from udb.supervisor.supervisor import StopRequested, Supervisor
from udb.terminal import Terminal


def run(tool: Tool, *, verbose: bool = False) -> None:
    """Run the installation until SIGINT, SIGTERM or SIGHUP. Raises ToolError when it cannot be brought or kept up."""
    var = Var(tool.var_dir.absolute())
    var.create()
    with lock.exclusive(var):
        terminal = Terminal()
        ended = leftovers.clean(var)
        if ended:
            terminal.announce(f"ended {ended} process{'es' * (ended > 1)} that a killed run had left")
        for file in var.metrics.iterdir():
            file.unlink()
        plan = make(tool, var)
        try:
            asyncio.run(_serve(plan, terminal, verbose=verbose))
        except GaveUp as error:
            raise ToolError(str(error)) from error
        finally:
            environment.path(var).unlink(missing_ok=True)
            states.path(var).unlink(missing_ok=True)


async def _serve(plan: Plan, terminal: Terminal, *, verbose: bool) -> None:
    values = {**os.environ, **plan.environment}
    supervisor = Supervisor(plan.var, environment=values, operator=terminal, verbose=verbose)
    supervisor.state.addresses = _addresses(plan)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.request_stop)
    try:
        await _start(supervisor, plan, terminal)
        terminal.banner("Userdata is running. Ctrl-C stops it.", _banner(plan))
        await supervisor.serve()
    except StopRequested:
        pass
    finally:
        with terminal.phase("Stopping", done="Stopped"):
            await supervisor.stop()


async def _start(supervisor: Supervisor, plan: Plan, terminal: Terminal) -> None:
    """Bring everything up in order, phase by phase."""
    if plan.embedded:
        with terminal.phase(" and ".join(type(server).__name__ for server in plan.embedded)):
            # Redis stops before Postgres, so it is a stage of its own.
            await supervisor.start(*([server.spec()] for server in plan.embedded))
    environment.write(plan.var, plan.environment)
    with terminal.phase("Migrations"):
        await supervisor.once("migrate", (sys.executable, "-m", "udb", "migrate"))
    count = len(plan.working) + len(plan.serving)
    with terminal.phase(f"{count} processes"):
        await supervisor.start(plan.working, plan.serving)
    # Envoy looks at a server that was not up yet only some seconds later, so it starts when they are.
    with terminal.phase("Envoy"):
        await supervisor.start([plan.envoy])


def _addresses(plan: Plan) -> dict[str, str]:
    """Where the processes listen, by name."""
    ports = plan.ports
    return {
        "http": f"http://{plan.host}:{ports.http.number}",
        **({"https": f"https://{plan.host}:{ports.tls.number}"} if ports.tls else {}),
        "admin": f"http://{HOST}:{ports.admin.number}",
        **{f"rpc.{number}": f"{HOST}:{port.number}" for number, port in enumerate(ports.rpc, 1)},
        "streams": f"{HOST}:{ports.streams.number}",
        "streams_http": f"http://{HOST}:{ports.streams_http.number}",
    }


def _banner(plan: Plan) -> dict[str, str]:
    """Where everything is, for people."""
    at = _addresses(plan)
    servers = ", ".join(address for name, address in at.items() if name.startswith("rpc."))
    var = plan.var
    return {
        "REST": f"{at['http']}/v1",
        "Swagger UI": f"{at['http']}/api/docs",
        **({"TLS": at["https"]} if "https" in at else {}),
        "gRPC": f"{plan.host}:{plan.ports.http.number}",
        "Servers": f"{servers} (gRPC without Envoy)",
        "Streams": f"{at['streams']}, {at['streams_http']}",
        "Metrics": f"{at['streams_http']}/metrics",
        "Mail": plan.mail,
        "Data": str(var.root),
        "Logs": str(var.log),
    }
