"""The commands below `udb webhooks`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from udb.errors import ToolError

app = typer.Typer(no_args_is_help=True, help="Webhooks, while you build what receives them.")


@app.callback()
def webhooks() -> None:
    """Keep `listen` a command of its own while it is the only one."""


@app.command("listen")
def listen_command(
    *,
    workspace: Annotated[str, typer.Option(help="The id of the workspace, ws_….", envvar="USERDATA_WORKSPACE")],
    api_key: Annotated[
        str,
        typer.Option(help="An API key with the scope webhooks.write.", envvar="USERDATA_API_KEY", show_default=False),
    ] = "",
    email: Annotated[str, typer.Option(help="Sign in with this e-mail instead; the password is asked for.")] = "",
    url: Annotated[str, typer.Option(help="Where the product is.", envvar="USERDATA_URL")] = "http://127.0.0.1:8080",
    event_type: Annotated[
        list[str] | None, typer.Option(help="A type to listen to, such as order.paid or order.*; all by default.")
    ] = None,
    forward_to: Annotated[str, typer.Option(help="Send each delivery on to this URL and give its answer back.")] = "",
    listen_on: Annotated[
        str, typer.Option(help="Address and port to listen on; the product must be allowed to reach the address.")
    ] = "127.0.0.2:0",
    count: Annotated[int, typer.Option(help="End after so many deliveries; 0 to go on until Ctrl-C.", min=0)] = 0,
) -> None:
    """Print the deliveries of a workspace as they come. The endpoint for it is made now and deleted at the end."""
    from udb.webhooks.listening import Options, listen  # noqa: PLC0415 - the other commands need not wait for aiohttp

    host, _, port = listen_on.rpartition(":")
    if not host or not port.isdecimal():
        raise ToolError(f"--listen-on is an address and a port, such as 127.0.0.2:0, not {listen_on}.")
    password = typer.prompt("Password", hide_input=True) if email else ""
    options = Options(
        url=url.rstrip("/"),
        workspace=workspace,
        api_key=api_key,
        email=email,
        password=password,
        event_types=tuple(event_type or ()),
        forward_to=forward_to,
        host=host,
        port=int(port),
        count=count,
    )
    asyncio.run(listen(options, Console(highlight=False)))
