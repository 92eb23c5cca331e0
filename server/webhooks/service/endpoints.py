"""Creating, finding, changing and deleting endpoints."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from server.core import clock, config, etags, events, ids
from server.core.call import Call
from server.core.db import db
from server.core.errors import NotFound
from server.core.paging import Page
from server.webhooks.conf import WebhooksSettings
from server.webhooks.convert import endpoints as convert
from server.webhooks.errors import EndpointUrlTaken, TooManyEndpoints
from server.webhooks.queries import endpoints
from server.webhooks.queries.rows import EndpointRow, LaneRow
from server.webhooks.service import cancelling, listing, secrets, versions, wanted
from server.workspaces.service import access
from userdata.webhooks.v1.endpoint_pb2 import Endpoint
from userdata.webhooks.v1.webhook_events_pb2 import (
    WebhookEndpointCreated,
    WebhookEndpointDeleted,
    WebhookEndpointUpdated,
)

#: Differs after every change, and so tells nothing.
_ALWAYS: Final = frozenset({"etag", "update_time"})
#: Their values are not shown, so neither is what changed in them.
_SEALED: Final = ("headers", "auth")


def create(caller: Call, message: Endpoint, *, validate_only: bool) -> tuple[EndpointRow, LaneRow]:
    """A new endpoint. With `validate_only` all of it happens and is undone.

    Raises InvalidArgument, EndpointUrlForbidden, EndpointUrlTaken, EndpointHeaderForbidden, ExpressionInvalid,
    SecretInvalid, TooManyEndpoints.
    """
    workspace = access.hold(caller)
    now = clock.now()
    endpoint_id = ids.new()
    columns = {
        "id": endpoint_id,
        "workspace_id": workspace.id,
        "signature": convert.signature_of(message.signature),
        "state": "ACTIVE",
        "state_reason": "",
        "verify_time": None,
        "revision": 1,
        "create_time": now,
        "update_time": now,
        "delete_time": None,
        **wanted.columns(endpoint_id, message, wanted.CHANGEABLE, None),
    }
    row = EndpointRow(**columns)
    with db.atomic() as savepoint:
        _create(row, message)
        if validate_only:
            savepoint.rollback()
    return row, LaneRow("CLOSED", now)


def _create(row: EndpointRow, message: Endpoint) -> None:
    _require_free(row)
    limit = config.read(WebhooksSettings).endpoints_per_workspace
    if endpoints.count(row.workspace_id, most=limit) >= limit:
        raise TooManyEndpoints(limit=str(limit))
    endpoints.insert(row)
    secrets.make(row, message.secret, field="endpoint.secret", at=row.create_time)
    versions.begin(row)
    created = WebhookEndpointCreated(endpoint=convert.endpoint(row, LaneRow("CLOSED", row.create_time)))
    versions.publish("created", row, created)


def _require_free(row: EndpointRow) -> None:
    """Raise EndpointUrlTaken when another endpoint has the URL. The workspace is held, so it stays so."""
    other = endpoints.by_url(row.workspace_id, row.url_key)
    if other is not None and other != row.id:
        raise EndpointUrlTaken(endpoint_id=ids.encode("whe", other))


def get(workspace_id: UUID, endpoint_id: UUID) -> tuple[EndpointRow, LaneRow]:
    """An endpoint and its lane. Raises NotFound."""
    found = endpoints.get(workspace_id, endpoint_id)
    if found is None:
        raise NotFound
    return found


def hold(caller: Call, endpoint_id: UUID, *, etag: str = "") -> tuple[EndpointRow, LaneRow]:
    """An endpoint of a living workspace, both held: changes of it happen in turn. Raises NotFound, Aborted."""
    workspace = access.hold(caller)
    found = endpoints.lock(workspace.id, endpoint_id)
    if found is None:
        raise NotFound
    etags.require(etag, found[0].id, found[0].revision)
    return found


def page_of(workspace_id: UUID, page: Page, *, text: str) -> tuple[list[tuple[EndpointRow, LaneRow]], str]:
    """A page of the endpoints that the filter `text` lets through, the newest first, and the token of the next one.

    Raises FilterInvalid.
    """
    after = UUID(page.after[0]) if page.after else None
    rows = endpoints.page_of(workspace_id, after=after, limit=page.limit, **listing.conditions(text))
    return page.cut(rows, lambda pair: [str(pair[0].id)])


def update(caller: Call, endpoint_id: UUID, message: Endpoint, paths: Collection[str]) -> tuple[EndpointRow, LaneRow]:
    """The endpoint with `paths` as in `message`. What is the same already is no change.

    Raises what `create` raises, and Aborted.
    """
    before, lane = hold(caller, endpoint_id, etag=message.etag)
    found = wanted.columns(endpoint_id, message, paths, before)
    changes = {column: value for column, value in found.items() if getattr(before, column) != value}
    if not changes:
        return before, lane
    if "url_key" in changes:
        changes["verify_time"] = None
        _require_free(before._replace(url_key=changes["url_key"]))
    after = versions.change(before, **changes)
    _publish_updated(before, after, lane, changes)
    return after, lane


def _publish_updated(before: EndpointRow, after: EndpointRow, lane: LaneRow, changes: Collection[str]) -> None:
    old, new = convert.endpoint(before, lane), convert.endpoint(after, lane)
    shown = events.changes(old, new, secret=frozenset(_SEALED))
    differences = {name: change for name, change in shown.items() if name not in _ALWAYS}
    for name in _SEALED:
        if name in changes and name not in differences:
            differences[name] = events.masked()
    versions.publish("updated", after, WebhookEndpointUpdated(endpoint=new, changes=differences))


def delete(caller: Call, endpoint_id: UUID, *, etag: str) -> None:
    """Delete an endpoint; its URL is free again, its secrets are gone. Raises NotFound, Aborted."""
    before, _ = hold(caller, endpoint_id, etag=etag)
    row = versions.change(before, delete_time=clock.now(), headers=b"", auth=b"", auth_kind="NONE")
    endpoints.block(row.workspace_id, row.id)
    secrets.forget(row)
    cancelling.enqueue(row)
    versions.publish("deleted", row, WebhookEndpointDeleted(endpoint_id=ids.encode("whe", row.id), url=row.url))
