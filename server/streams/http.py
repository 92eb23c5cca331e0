"""What the HTTP port serves: streams as server-sent events and over WebSockets, probes and metrics.

The edge passes these requests on as they came: what it otherwise does for REST, reading paths and queries and turning
errors into JSON, is done here, in the same forms.
"""

from collections.abc import Callable

from aiohttp import web

from server.streams import probes, socket, sse
from server.streams.reply import PARTS
from server.streams.stream import Parts


def application(parts: Parts, is_stopping: Callable[[], bool]) -> web.Application:
    """The application of the HTTP port."""
    made = web.Application()
    made[PARTS] = parts
    made.router.add_routes(probes.routes(is_stopping))
    made.router.add_get("/v1/workspaces/{workspace_id}/events:watch", sse.watch, allow_head=False)
    made.router.add_get(
        "/v1/workspaces/{workspace_id}/executions/{execution_id:[^/:]+}:watch", sse.watch_execution, allow_head=False
    )
    made.router.add_get("/v1/workspaces/{workspace_id}/events:socket", socket.watch, allow_head=False)
    return made
