"""The calls of the REST surface that running a workflow needs."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp

from udb.errors import ToolError
from udb.rest import Rest

_REMEDIES: Final = {
    "SCOPE_MISSING": (
        "The API key needs the scopes workflows.read, workflows.write and workflows.execute. Make one that has them."
    ),
    "WORKFLOW_ARCHIVED": "The workflow of this name is archived: activate it, or give another one with --name.",
}
#: Nothing comes for at most 15 seconds; a message may be large.
_STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)


class Api:
    """Calls the product at `url` for `workspace`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, workspace: str) -> None:
        self._session, self._url = session, url
        self._root = f"/v1/workspaces/{workspace}"
        self._rest = Rest(session, url, remedies=_REMEDIES)

    async def sign_in(self, *, api_key: str, email: str, password: str) -> None:
        """Use the API key, or else log in. Raises ToolError."""
        await self._rest.sign_in(api_key=api_key, email=email, password=password)

    async def keep(self, name: str, definition: str) -> dict[str, Any]:
        """The active workflow `name` with this definition in YAML: new, or with a new version. Raises ToolError."""
        query = {"filter": f'name = "{name}"'}
        found = await self._rest.call("GET", f"{self._root}/workflows", query=query)
        workflows = found.get("workflows", [])
        if workflows:
            path = f"{self._root}/workflows/{workflows[0]['id']}"
            workflow = await self._rest.call("PATCH", path, {"yaml": definition})
        else:
            body = {"name": name, "yaml": definition}
            workflow = await self._rest.call("POST", f"{self._root}/workflows", body)
        if workflow.get("state") == "WORKFLOW_STATE_ACTIVE":
            return workflow
        return await self._rest.call("POST", f"{self._root}/workflows/{workflow['id']}:activate", {})

    async def execute(self, workflow_id: str, given: dict[str, Any]) -> dict[str, Any]:
        """A new execution. Raises ToolError."""
        return await self._rest.call("POST", f"{self._root}/workflows/{workflow_id}:execute", {"input": given})

    async def watch(self, execution_id: str) -> AsyncIterator[dict[str, Any]]:
        """What WatchExecution streams, from the beginning, until it ends. Raises ToolError when it says why."""
        url = f"{self._url}{self._root}/executions/{execution_id}:watch"
        try:
            async with self._session.get(url, headers=self._rest.headers, timeout=_STREAM) as response:
                if response.status != 200:  # noqa: PLR2004 - the one good answer
                    raise ToolError(self._rest.told(await response.json(content_type=None)))
                async for kind, data in _events(response.content):
                    if kind == "status":
                        return
                    yield data
        except (aiohttp.ClientError, TimeoutError):
            return  # whoever reads connects again


async def _events(lines: aiohttp.StreamReader) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Server-sent events: their names and data. A line is as long as a message, so it is not read by `readline`."""
    kind, data, rest = "", b"", b""
    async for chunk in lines.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.startswith(b"event:"):
                kind = line[6:].strip().decode()
            elif line.startswith(b"data:"):
                data += line[5:]
            elif not line.strip() and data:
                yield kind, json.loads(data)
                kind, data = "", b""
