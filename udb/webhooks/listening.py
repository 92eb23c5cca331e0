"""Listening: a receiver on this machine, an endpoint that leads to it, and both gone at the end.

The product sends webhooks to no address that is not public unless it is told to, in development too: `make run` is what
operators run as well, and on 127.0.0.1 its own database listens. So listening takes an address of its own of this
machine, 127.0.0.2, which alone has to be allowed.
"""

import asyncio
import secrets
import signal
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from rich.console import Console

from server.webhooks.sending import signing
from udb.errors import ToolError
from udb.webhooks.api import Api
from udb.webhooks.receiver import Received, Receiver
from udb.webhooks.report import Report


@dataclass(frozen=True)
class Options:
    """What to listen to, as whom, and where."""

    url: str
    workspace: str
    api_key: str = ""
    email: str = ""
    password: str = ""
    event_types: tuple[str, ...] = ()
    forward_to: str = ""
    host: str = "127.0.0.2"
    port: int = 0
    count: int = 0


async def listen(options: Options, console: Console) -> None:
    """Print deliveries until SIGINT, SIGTERM or `options.count` of them. Raises ToolError."""
    report, stop, seen = Report(console), asyncio.Event(), 0

    def tell(received: Received) -> None:
        nonlocal seen
        seen += 1
        report.show(received)
        if seen == options.count:
            stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with aiohttp.ClientSession() as session:
        api = Api(session, options.url, host=options.host)
        await api.sign_in(api_key=options.api_key, email=options.email, password=options.password)
        await api.delete_leftovers(options.workspace)
        # Others on this machine reach the port too.
        path = f"/{secrets.token_urlsafe(12)}"
        key = signing.new_secret(signing.HMAC_SHA256)
        receiver = Receiver(key, tell, session=session, forward_to=options.forward_to)
        runner = web.AppRunner(receiver.app(path), access_log=None)
        await runner.setup()
        try:
            url = await _serve(runner, options, path)
            endpoint_id = await api.create_endpoint(
                options.workspace,
                url=url,
                secret=signing.format_secret(signing.HMAC_SHA256, key),
                event_types=options.event_types,
            )
            try:
                report.begin(url=url, event_types=options.event_types, workspace=options.workspace)
                await stop.wait()
            finally:
                await api.delete_endpoint(options.workspace, endpoint_id)
            report.end(seen)
        finally:
            await runner.cleanup()


async def _serve(runner: web.AppRunner, options: Options, path: str) -> str:
    """Begin to listen; gives the URL. Raises ToolError."""
    site = web.TCPSite(runner, options.host, options.port)
    try:
        await site.start()
    except OSError as error:
        place = f"{options.host}:{options.port}"
        raise ToolError(
            f"Nothing can listen on {place} ({error.strerror}): choose another with --listen-on."
        ) from error
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}{path}"
