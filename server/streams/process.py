"""Starts the parts of the process, and stops them in an order that leaves every reader with a word and a cursor."""

import asyncio
import signal
from typing import Final

import structlog
from aiohttp import web

from server import app
from server.core import config
from server.core.db import db
from server.core.telemetry import traces
from server.streams import http, rpc
from server.streams.calls import Calls
from server.streams.conf import StreamsSettings
from server.streams.errors import stopping
from server.streams.hub import Hub
from server.streams.keeper import Keeper
from server.streams.poller import Poller
from server.streams.stream import Parts
from server.streams.tail import Tail

_GRACE_SECONDS: Final = 1.5
#: Connections that wait to be accepted: after a restart everybody comes back at once.
_BACKLOG: Final = 4096
_log = structlog.get_logger("streams")


async def serve(*, host: str, port: int, http_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    traces.configure("userdata-streams")
    url = config.read(config.Core).database_url.get_secret_value()
    db.open(url, role="userdata_app", application=f"userdata-streams-{port}")
    settings = config.read(StreamsSettings)
    hub = Hub(per_workspace=settings.streams_per_workspace, per_process=settings.streams_per_process)
    calls = Calls()
    parts = Parts(calls, hub, Keeper(calls), Poller(url, loop))
    app.CREDENTIALS.on_revoked = lambda tag: _soon(loop, parts.keeper, tag)
    app.CREDENTIALS.listen(url)
    tail = Tail(url, hub, loop)
    tail.start()
    parts.poller.start()
    server = rpc.server(f"{host}:{port}", parts)
    await server.start()
    runner = web.AppRunner(
        http.application(parts, stopped.is_set),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_GRACE_SECONDS,
    )
    await runner.setup()
    await web.TCPSite(runner, host, http_port, backlog=_BACKLOG).start()
    keeping = asyncio.create_task(parts.keeper.run())
    _log.info("streams ready", port=port, http_port=http_port)
    await stopped.wait()
    hub.end_all(stopping())
    await asyncio.gather(server.stop(_GRACE_SECONDS), runner.cleanup())
    keeping.cancel()
    tail.stop()
    parts.poller.stop()
    calls.close()


def _soon(loop: asyncio.AbstractEventLoop, keeper: Keeper, tag: str) -> None:
    loop.call_soon_threadsafe(keeper.revoked, tag)
