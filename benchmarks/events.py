"""Events as a customer of the product would publish them: a type with a schema, and half a kilobyte about an order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from benchmarks.product import Person, Product
from userdata.events.v1 import event_pb2, event_service_pb2

SERVICE = "userdata.events.v1.EventService"
DATA: dict[str, Any] = {"order": "order_4711", "amount": 4200, "currency": "EUR", "note": "." * 190}
"""Makes the body of a delivery about 500 bytes."""
SCHEMA = {
    "type": "object",
    "required": ["order", "amount"],
    "properties": {"order": {"type": "string"}, "amount": {"type": "integer", "minimum": 0}},
}


def event(kind: str) -> event_pb2.Event:
    """One of that type."""
    made = event_pb2.Event(type=kind, subject="order_4711")
    made.data.update(DATA)
    return made


def create_type(product: Product, owner: Person, workspace_id: str, name: str) -> None:
    """Puts a type into the catalogue of the owner's workspace."""
    body = {"name": name, "description": "Orders of the benchmark.", "schema": SCHEMA}
    product.post(owner, f"/v1/workspaces/{workspace_id}/event-types", body)


@contextmanager
def publisher(product: Product) -> Iterator[Callable[[Person, str, str], None]]:
    """Gives a function that publishes one event over gRPC: by a person, in a workspace, of a type."""
    _, (host, port) = product.server()
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/PublishEvent",
            request_serializer=event_service_pb2.PublishEventRequest.SerializeToString,
            response_deserializer=event_pb2.Event.FromString,
        )

        def publish(person: Person, workspace_id: str, kind: str) -> None:
            request = event_service_pb2.PublishEventRequest(workspace_id=workspace_id, event=event(kind))
            call(request, metadata=(("authorization", f"Bearer {person.token}"),), timeout=10)

        yield publish
