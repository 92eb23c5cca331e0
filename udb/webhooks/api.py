"""The few calls of the REST surface that listening needs."""

import os
import socket
from collections.abc import Sequence
from typing import Any, Final

import aiohttp

from udb.errors import ToolError
from udb.rest import Rest

#: Labels of an endpoint that say which process of which machine it leads to.
_MACHINE: Final = "udb-machine"
_PROCESS: Final = "udb-process"


class Api:
    """Calls the product at `url`. `host` is where it is to send webhooks to."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, host: str) -> None:
        remedies = {
            "ENDPOINT_URL_FORBIDDEN": (
                "The product does not send webhooks to this machine. For development, start it with"
                f" WEBHOOK_ALLOW_HTTP=true WEBHOOK_ALLOWED_NETWORKS={host}/32."
            ),
            "SCOPE_MISSING": "The API key needs the scope webhooks.write. Make one that has it.",
        }
        self._rest = Rest(session, url, remedies=remedies)

    async def sign_in(self, *, api_key: str, email: str, password: str) -> None:
        """Use the API key, or else log in. Raises ToolError."""
        await self._rest.sign_in(api_key=api_key, email=email, password=password)

    async def create_endpoint(self, workspace: str, *, url: str, secret: str, event_types: Sequence[str]) -> str:
        """The id of a new endpoint. Raises ToolError."""
        endpoint = {
            "url": url,
            "secret": secret,
            "eventTypes": list(event_types),
            "description": "udb webhooks listen",
            "labels": {_MACHINE: _machine(), _PROCESS: str(os.getpid())},
            # Who listens sees each attempt; nobody waits for hours.
            "retryDelays": ["0s", "5s", "30s"],
        }
        answer = await self._rest.call("POST", f"/v1/workspaces/{workspace}/endpoints", endpoint)
        return str(answer["id"])

    async def delete_leftovers(self, workspace: str) -> None:
        """Delete the endpoints of listeners of this machine that died before they could. Raises ToolError."""
        query = {"filter": f'label = "{_MACHINE}={_machine()}"', "pageSize": "100"}
        try:
            answer = await self._rest.call("GET", f"/v1/workspaces/{workspace}/endpoints", query=query)
        except ToolError:
            # A key that may only write is enough to listen.
            return
        for endpoint in answer.get("endpoints", ()):
            if not _lives(endpoint):
                await self.delete_endpoint(workspace, endpoint["id"])

    async def delete_endpoint(self, workspace: str, endpoint_id: str) -> None:
        """Delete an endpoint. Raises ToolError."""
        await self._rest.call("DELETE", f"/v1/workspaces/{workspace}/endpoints/{endpoint_id}")


def _machine() -> str:
    return socket.gethostname()[:63] or "unnamed"


def _lives(endpoint: dict[str, Any]) -> bool:
    """Whether the process that an endpoint of this machine leads to is there."""
    try:
        os.kill(int(endpoint["labels"][_PROCESS]), 0)
    except ProcessLookupError:
        return False
    except (OSError, KeyError, ValueError):
        # Somebody else's process, or not a label of ours.
        return True
    return True
