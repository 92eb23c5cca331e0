"""Queries on `webhook_endpoint`, its versions, its lane and its counts by the hour."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.accounts.queries.users import FOR_CHANGE
from server.core.db import Prepared, Slot
from server.webhooks.models import Endpoint, EndpointHour, EndpointVersion, Lane
from server.webhooks.queries.rows import ENDPOINT, LANE, EndpointRow, HourRow, LaneRow

#: What a version keeps of an endpoint.
VERSIONED: Final = (
    *("url", "event_types", "filter", "channels", "headers", "signature", "timeout_seconds", "format"),
    *("transformation", "auth_kind", "auth", "state"),
)
_INFINITY: Final = "infinity"


def _one(*, locked: bool) -> Prepared:
    def build() -> Any:
        of_workspace = (Endpoint.workspace == Slot("workspace")) & (Endpoint.id == Slot("endpoint"))
        query = Endpoint.select(*ENDPOINT, *LANE).join(Lane, on=(Lane.endpoint == Endpoint.id))
        query = query.where(of_workspace & Endpoint.delete_time.is_null())
        return query.for_update(FOR_CHANGE, of=Endpoint) if locked else query

    return Prepared(build)


_GET: Final = _one(locked=False)
_LOCK: Final = _one(locked=True)


def get(workspace_id: UUID, endpoint_id: UUID) -> tuple[EndpointRow, LaneRow] | None:
    """A living endpoint and its lane."""
    return _pair(_GET.row(workspace=workspace_id, endpoint=endpoint_id))


def lock(workspace_id: UUID, endpoint_id: UUID) -> tuple[EndpointRow, LaneRow] | None:
    """A living endpoint, held until the transaction ends, and its lane."""
    return _pair(_LOCK.row(workspace=workspace_id, endpoint=endpoint_id))


def _pair(row: tuple[Any, ...] | None) -> tuple[EndpointRow, LaneRow] | None:
    return (EndpointRow._make(row[: len(ENDPOINT)]), LaneRow._make(row[len(ENDPOINT) :])) if row else None


def page_of(
    workspace_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    states: Collection[str] | None = None,
    url_key: str | None = None,
    types: Collection[str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[tuple[EndpointRow, LaneRow]]:
    """A page of living endpoints by id, the newest first.

    With `types`, those that name one of them or none at all; with `labels`, those that carry all of them.
    """
    row = Endpoint
    where = (row.workspace == workspace_id) & row.delete_time.is_null()
    if after is not None:
        where &= row.id < after
    if states is not None:
        where &= row.state.in_(sorted(states))
    if url_key is not None:
        where &= row.url_key == url_key
    if types is not None:
        where &= row.event_types.contains_any(*types) | (row.event_types == [])
    if labels:
        where &= row.labels.contains(dict(labels))
    query = row.select(*ENDPOINT, *LANE).join(Lane, on=(Lane.endpoint == row.id))
    found: Any = query.where(where).order_by(row.id.desc()).limit(limit).tuples()
    return [pair for columns in found if (pair := _pair(columns))]


def count(workspace_id: UUID, *, most: int) -> int:
    """How many endpoints live in the workspace, counted up to `most`."""
    where = (Endpoint.workspace == workspace_id) & Endpoint.delete_time.is_null()
    return int(Endpoint.select(Endpoint.id).where(where).limit(most).count())


def by_url(workspace_id: UUID, url_key: str) -> UUID | None:
    """The living endpoint that has the URL."""
    where = (Endpoint.workspace == workspace_id) & (Endpoint.url_key == url_key) & Endpoint.delete_time.is_null()
    found: Any = Endpoint.select(Endpoint.id).where(where).tuples()
    return next((endpoint_id for (endpoint_id,) in found), None)


def insert(row: EndpointRow) -> None:
    """Insert an endpoint and its lane, on which nothing is due."""
    Endpoint.insert(**row._asdict()).execute()
    Lane.insert(
        endpoint_id=row.id,
        workspace_id=row.workspace_id,
        due_time=_INFINITY,
        blocked_time=row.create_time,
        rate_time=row.create_time,
        window_time=row.create_time,
    ).execute()


def update(workspace_id: UUID, endpoint_id: UUID, **changes: Any) -> None:
    """Set columns of an endpoint."""
    where = (Endpoint.workspace == workspace_id) & (Endpoint.id == endpoint_id)
    Endpoint.update(**changes).where(where).execute()


def end_version(row: EndpointRow) -> None:
    """End the version that is the endpoint's last, at the time of `row`, which comes after it."""
    version = EndpointVersion
    where = (version.endpoint == row.id) & version.end_time.is_null()
    version.update(end_time=row.update_time).where(where).execute()


def add_version(row: EndpointRow) -> None:
    """Keep how the endpoint is from now on."""
    values = {name: getattr(row, name) for name in VERSIONED}
    values |= {"endpoint_id": row.id, "workspace_id": row.workspace_id, "revision": row.revision}
    EndpointVersion.insert(**values, create_time=row.update_time).execute()


def block(workspace_id: UUID, endpoint_id: UUID) -> None:
    """Let nothing of the endpoint's lane be claimed any more."""
    _update_lane(workspace_id, endpoint_id, blocked_time=_INFINITY, due_time=_INFINITY)


def unblock(workspace_id: UUID, endpoint_id: UUID, *, now: datetime) -> None:
    """Let the lane go again, from now on, with a breaker that has seen nothing."""
    _update_lane(
        workspace_id,
        endpoint_id,
        blocked_time=now,
        due_time=now,
        breaker="CLOSED",
        opened=0,
        window_time=now,
        window_attempts=0,
        window_failures=0,
        failing_time=None,
    )


def _update_lane(workspace_id: UUID, endpoint_id: UUID, **changes: Any) -> None:
    where = (Lane.workspace == workspace_id) & (Lane.endpoint == endpoint_id)
    Lane.update(**changes).where(where).execute()


def hours(workspace_id: UUID, endpoint_id: UUID, *, start: datetime, end: datetime) -> list[HourRow]:
    """What was counted in the hours that begin from `start` on and before `end`, the earliest first."""
    row = EndpointHour
    where = (row.workspace == workspace_id) & (row.endpoint == endpoint_id) & (row.hour >= start) & (row.hour < end)
    found: Any = row.select(row.hour, row.succeeded, row.failed, row.latencies).where(where).order_by(row.hour).tuples()
    return [HourRow._make(columns) for columns in found]
