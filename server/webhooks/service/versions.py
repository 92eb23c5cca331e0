"""Changing an endpoint: every state it ever had is kept. Workers see by the revision that they hold a former one."""

from typing import Any, Final

from google.protobuf.message import Message

from server.core import clock, events, ids
from server.webhooks.queries import endpoints
from server.webhooks.queries.rows import EndpointRow

#: The start of the types of all events about endpoints.
_TYPES: Final = "webhook.endpoint"


def begin(row: EndpointRow) -> None:
    """Keep the first state of a new endpoint."""
    endpoints.add_version(row)


def change(before: EndpointRow, **changes: Any) -> EndpointRow:
    """Write `changes` of an endpoint that the transaction holds, and end its former version."""
    after = before._replace(**changes, revision=before.revision + 1, update_time=clock.now())
    columns = {*changes, "revision", "update_time"}
    endpoints.update(after.workspace_id, after.id, **{column: getattr(after, column) for column in columns})
    endpoints.end_version(after)
    if after.delete_time is None:
        endpoints.add_version(after)
    return after


def publish(what: str, row: EndpointRow, payload: Message) -> None:
    """Tell what happened to the endpoint."""
    events.publish(f"{_TYPES}.{what}", payload, subject=ids.encode("whe", row.id), workspace=row.workspace_id)
