"""Rows of webhooks for tests, made by the room's own models, and the calls that nearly every test makes."""

import os
from itertools import count
from typing import Any

from server.core import ids, tenancy
from server.webhooks import sealing
from server.webhooks.conf import RETRY_DELAYS
from server.webhooks.models import Endpoint, EndpointVersion, Lane, Secret
from server.webhooks.queries.endpoints import VERSIONED
from server.workspaces.models import Workspace
from tests.workspaces.factories import Caller, ws
from userdata.webhooks.v1 import endpoint_pb2
from userdata.webhooks.v1 import endpoint_service_pb2 as pb

ENDPOINTS = "userdata.webhooks.v1.EndpointService/"
_numbers = count(1)


def make_endpoint(workspace: Workspace, **values: Any) -> Endpoint:
    """An active endpoint with its first version, a secret and a lane on which nothing is due."""
    tenancy.enter(workspace.id)
    url = values.pop("url", None) or f"https://hooks.example.com/{next(_numbers)}"
    defaults = {"url": url, "url_key": url, "retry_delays": list(RETRY_DELAYS)}
    endpoint = Endpoint.create(workspace=workspace.id, **(defaults | values))
    kept = {name: getattr(endpoint, name) for name in VERSIONED}
    EndpointVersion.create(
        endpoint=endpoint.id,
        revision=endpoint.revision,
        workspace=workspace.id,
        create_time=endpoint.create_time,
        **kept,
    )
    sealed = sealing.seal_secret(endpoint.id, os.urandom(32))
    Secret.create(endpoint=endpoint.id, workspace=workspace.id, secret=sealed)
    is_active = endpoint.state == "ACTIVE"
    Lane.create(
        endpoint=endpoint.id,
        workspace=workspace.id,
        due_time="infinity",
        blocked_time=endpoint.create_time if is_active else "infinity",
        rate_time=endpoint.create_time,
    )
    return endpoint


def whe(endpoint: Endpoint) -> str:
    """The endpoint's id as the contract writes it."""
    return ids.encode("whe", endpoint.id)


def create(caller: Caller, workspace: Workspace, url: str = "https://hooks.example.com/a", **fields: Any) -> Any:
    """The answer to CreateEndpoint."""
    endpoint = endpoint_pb2.Endpoint(url=url, **fields)
    return caller(ENDPOINTS + "CreateEndpoint", pb.CreateEndpointRequest(workspace_id=ws(workspace), endpoint=endpoint))


def ask(caller: Caller, method: str, workspace: Workspace, endpoint_id: str, **fields: Any) -> Any:
    """The answer to a method of one endpoint."""
    request = getattr(pb, f"{method}Request")
    return caller(ENDPOINTS + method, request(workspace_id=ws(workspace), endpoint_id=endpoint_id, **fields))


def update(caller: Caller, workspace: Workspace, endpoint_id: str, *paths: str, **fields: Any) -> Any:
    """The answer to UpdateEndpoint, with `paths` as its mask."""
    endpoint = endpoint_pb2.Endpoint(**fields)
    return ask(caller, "UpdateEndpoint", workspace, endpoint_id, endpoint=endpoint, update_mask={"paths": paths})
