"""Rows of webhooks for tests, made by the room's own models, and the calls that nearly every test makes."""

import os
from datetime import datetime
from itertools import count
from typing import Any

from server.core import clock, ids, tenancy
from server.core.db import db
from server.core.models import Event
from server.events.models import EventFeed
from server.webhooks import sealing
from server.webhooks.conf import RETRY_DELAYS
from server.webhooks.models import (
    FINISHED_STATES,
    Attempt,
    Delivery,
    Endpoint,
    EndpointVersion,
    Lane,
    OpenDelivery,
    Secret,
)
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


def make_event(workspace: Workspace, kind: str = "order.paid", *, at: datetime | None = None, **values: Any) -> Event:
    """An event that was handed out, at `at` or now; with `fed=False` it still waits for that."""
    is_fed, feed_time = values.pop("fed", True), values.pop("feed_time", None)
    tenancy.enter(workspace.id)
    event_id = ids.new_at(at or clock.now())
    time = ids.time_of(event_id)
    defaults = {"subject": "order_1", "data": {"amount": 5}, "actor": "system", "request_id": "", "trace_parent": ""}
    values = {"id": event_id, "create_time": time, "workspace_id": workspace.id, "type": kind} | defaults | values
    Event.insert(**values).returning().execute()
    if is_fed:
        feed = {"workspace_id": workspace.id, "event_id": event_id, "event_time": time, "type": kind, "matches": 0}
        # Only workers write the feed.
        db.execute_sql("SET LOCAL ROLE userdata_worker")
        EventFeed.insert(feed_time=feed_time or time, position=next(_numbers), **feed).execute()
        db.execute_sql("SET LOCAL ROLE userdata_app")
    return Event(**values)


def make_delivery(endpoint: Endpoint, event: Event, state: str = "SUCCEEDED", **values: Any) -> Delivery | OpenDelivery:
    """The delivery of an event to an endpoint, open or finished as its state is."""
    tenancy.enter(endpoint.workspace)
    defaults = {
        "endpoint_id": endpoint.id,
        "event_id": event.id,
        "event_time": event.create_time,
        "state": state,
        "workspace_id": endpoint.workspace,
        "type": event.type,
        "position": next(_numbers),
        "trigger": "AUTOMATIC",
        "attempts": 0 if state in ("PENDING", "HELD") else 1,
    }
    if state in FINISHED_STATES:
        return Delivery.create(**(defaults | values))
    delivery = OpenDelivery.create(**({"due_time": clock.now()} | defaults | values))
    Lane.update(due_time=clock.now()).where(
        (Lane.endpoint == endpoint.id) & (Lane.blocked_time <= clock.now())
    ).execute()
    return delivery


def make_attempt(endpoint: Endpoint, event: Event, number: int = 1, **values: Any) -> Attempt:
    """An attempt that was answered with 200."""
    tenancy.enter(endpoint.workspace)
    defaults = {
        "endpoint_id": endpoint.id,
        "event_id": event.id,
        "event_time": event.create_time,
        "number": number,
        "workspace_id": endpoint.workspace,
        "trigger": "AUTOMATIC",
        "start_time": clock.now(),
        "total_ms": 65.25,
        "first_byte_ms": 64.0,
        "status": 200,
        "address": "203.0.113.7",
        "response_body": b"ok",
        "response_headers": {"content-type": "text/plain"},
    }
    return Attempt.create(**(defaults | values))


def evt(event: Event) -> str:
    """The event's id as the contract writes it."""
    return ids.encode("evt", event.id)


def open_rows(endpoint: Endpoint) -> list[OpenDelivery]:
    """The open deliveries of an endpoint, by event."""
    tenancy.enter(endpoint.workspace)
    return list(OpenDelivery.select().where(OpenDelivery.endpoint_id == endpoint.id).order_by(OpenDelivery.event_id))


def finished_rows(endpoint: Endpoint) -> list[Delivery]:
    """The finished deliveries of an endpoint, by event."""
    tenancy.enter(endpoint.workspace)
    return list(Delivery.select().where(Delivery.endpoint_id == endpoint.id).order_by(Delivery.event_id))
