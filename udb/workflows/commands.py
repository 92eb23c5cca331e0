"""The commands below `udb workflows`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from udb.errors import ToolError

app = typer.Typer(no_args_is_help=True, help="Workflows, while you write them.")


@app.callback()
def workflows() -> None:
    """Keep `run` a command of its own while it is the only one."""


@app.command("run")
def run_command(
    file: Annotated[Path, typer.Argument(help="A definition in YAML or JSON, such as docs/examples/polling.yaml.")],
    *,
    workspace: Annotated[str, typer.Option(help="The id of the workspace, ws_….", envvar="USERDATA_WORKSPACE")],
    given: Annotated[str, typer.Option("--input", help="The input as JSON, or @ and a file that has it.")] = "{}",
    name: Annotated[str, typer.Option(help="The workflow's name; that of the file unless given.")] = "",
    api_key: Annotated[
        str,
        typer.Option(
            help="An API key with the scopes workflows.read, .write and .execute.",
            envvar="USERDATA_API_KEY",
            show_default=False,
        ),
    ] = "",
    email: Annotated[str, typer.Option(help="Sign in with this e-mail instead; the password is asked for.")] = "",
    url: Annotated[str, typer.Option(help="Where the product is.", envvar="USERDATA_URL")] = "http://127.0.0.1:8080",
) -> None:
    """Make FILE a workflow, or a new version of it, execute it, and show what happens until it has ended.

    The workflow is active from then on: its triggers start it too. The exit status is 0 when the execution succeeded,
    3 when it failed, 4 when it was cancelled and 5 when it timed out. Ctrl-C ends the display alone: the execution goes
    on.
    """
    from udb.workflows.running import Options, run  # noqa: PLC0415 - the other commands need not wait for aiohttp

    definition, input_ = _text(file), _input(given)
    password = typer.prompt("Password", hide_input=True) if email else ""
    options = Options(
        url=url.rstrip("/"),
        workspace=workspace,
        name=name or file.stem,
        definition=definition,
        given=input_,
        api_key=api_key,
        email=email,
        password=password,
    )
    raise typer.Exit(asyncio.run(run(options, Console(highlight=False))))


def _input(given: str) -> dict[str, Any]:
    """The object that `--input` gives. Raises ToolError."""
    text = _text(Path(given[1:])) if given.startswith("@") else given
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ToolError(f"--input is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise ToolError('--input is a JSON object, such as {"order_id": "4711"}.')
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{path} cannot be read: {error}") from error
