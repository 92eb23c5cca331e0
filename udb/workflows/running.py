"""Running: the file becomes the workflow of its name, an execution begins, and what happens to it is shown."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import yaml
from rich.console import Console
from rich.live import Live

from udb.workflows.api import Api
from udb.workflows.timeline import Timeline

#: Exit statuses by the state in which the execution ended.
STATUSES: Final = {"SUCCEEDED": 0, "FAILED": 3, "CANCELLED": 4, "TIMED_OUT": 5}
_AGAIN_S: Final = 0.5
_PER_SECOND: Final = 8


@dataclass(frozen=True)
class Options:
    """What to run, as whom, and where."""

    url: str
    workspace: str
    name: str
    definition: str
    given: dict[str, Any] = field(default_factory=dict)
    api_key: str = ""
    email: str = ""
    password: str = ""


async def run(options: Options, console: Console) -> int:
    """Run it to its end; gives the exit status. Raises ToolError."""
    async with aiohttp.ClientSession() as session:
        api = Api(session, options.url, options.workspace)
        await api.sign_in(api_key=options.api_key, email=options.email, password=options.password)
        workflow = await api.keep(options.name, options.definition)
        execution = await api.execute(workflow["id"], options.given)
        title = f"{options.name} version {workflow['version']}  {execution['id']}"
        timeline = Timeline(title, list(_ids(yaml.safe_load(options.definition))))
        timeline.take({"execution": execution})
        await _follow(api, execution["id"], timeline, console)
    return STATUSES[timeline.state]


async def _follow(api: Api, execution_id: str, timeline: Timeline, console: Console) -> None:
    """Show it until it has ended. A stream that breaks off is opened again; it tells everything from the beginning."""
    if not console.is_terminal:
        await _read(api, execution_id, timeline)
        console.print(timeline.shown(), soft_wrap=True)
        return
    # What is shown counts the seconds, also while nothing comes.
    with Live(console=console, get_renderable=timeline.shown, refresh_per_second=_PER_SECOND, vertical_overflow="crop"):
        await _read(api, execution_id, timeline)


def _ids(part: Any) -> Iterator[str]:
    """The ids of all steps of a definition that was taken, in its order."""
    if isinstance(part, dict):
        if "id" in part and "type" in part:
            yield str(part["id"])
        part = [value for name, value in part.items() if name != "with"]
    if isinstance(part, list):
        for inner in part:
            yield from _ids(inner)


async def _read(api: Api, execution_id: str, timeline: Timeline) -> None:
    while True:
        async for message in api.watch(execution_id):
            timeline.take(message)
        if timeline.has_ended:
            return
        await asyncio.sleep(_AGAIN_S)
