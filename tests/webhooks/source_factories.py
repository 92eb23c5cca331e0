"""Sources for tests."""

from typing import Any

from server.core import tenancy
from server.events.models import EventType, EventTypeVersion
from server.workspaces.models import Workspace
from tests.accounts.factories import Person
from tests.workspaces.factories import by, ws
from userdata.webhooks.v1 import source_pb2
from userdata.webhooks.v1 import source_service_pb2 as pb

SOURCES = "userdata.webhooks.v1.SourceService/"


def make_type(workspace: Workspace, name: str = "stripe.received", schema: Any = None) -> None:
    """A type of the workspace's own that takes what matches `schema`."""
    tenancy.enter(workspace.id)
    row = EventType.create(workspace=workspace.id, name=name)
    EventTypeVersion.create(event_type=row.id, version=1, workspace=workspace.id, schema=schema or {})


def create(person: Person, workspace: Workspace, **values: Any) -> source_pb2.Source:
    """A new source of the workspace, with its URL."""
    defaults: dict[str, Any] = {
        "name": "Stripe, live",
        "kind": source_pb2.SOURCE_KIND_STRIPE,
        "secret": "whsec_of_stripe",
        "event_type": "stripe.received",
    }
    source = source_pb2.Source(**(defaults | values))
    created: source_pb2.Source = by(person)(
        f"{SOURCES}CreateSource", pb.CreateSourceRequest(workspace_id=ws(workspace), source=source)
    )
    return created
