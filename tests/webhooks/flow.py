"""The steps of delivering, one at a time and in this process, as the workers take them."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.core import clock, events, tenancy
from server.core.db import db
from server.core.events import Draft
from server.events.service import draining
from server.webhooks.models import Attempt, Delivery, Endpoint, Lane, Skip
from server.webhooks.sending.types import Outcome
from server.webhooks.service import claiming, fan_out, recording
from server.webhooks.service.claiming import Caps, Claimed, InFlight
from server.webhooks.service.recording import Recorded, Result
from server.workspaces.models import Workspace

CAPS = Caps(endpoint=64, workspace=256, total=512)
MARGIN = timedelta(seconds=15)


def publish(workspace: Workspace, *types: str, **fields: Any) -> list[UUID]:
    """Publish events of these types; gives their ids."""
    data = json.dumps(fields.pop("data", {"total": 1}))
    drafts = [Draft(kind, "ord_1", data, **fields) for kind in types]
    tenancy.enter(workspace.id)
    return [event.id for event in events.publish_many(drafts, workspace=workspace.id)]


def drain() -> list[int]:
    """Drain what is pending; gives how many deliveries each event became."""
    with db.atomic():
        batch = draining.take(1000)
        matches = fan_out.listen(batch)
        draining.settle(batch, matches)
    return [matches.get(event.event_id, 0) for event in batch]


def claim(room: int = 512, *, flying: InFlight | None = None, caps: Caps = CAPS) -> list[Claimed]:
    """Claim what is due."""
    with db.atomic():
        return claiming.claim(room, flying=flying or InFlight(), caps=caps, margin=MARGIN)


def outcome(status: int | None = 200, error: str | None = None, **values: Any) -> Outcome:
    """What came of an attempt that began a moment ago."""
    if error is None:
        error = "" if status is not None and 200 <= status < 300 else "HTTP_STATUS"
    phases: dict[str, Any] = {"dns_ms": None, "connect_ms": 0.25, "tls_ms": None, "first_byte_ms": 2.5, "total_ms": 3.0}
    answer: dict[str, Any] = {
        "response_headers": {},
        "response_body": b"ok",
        "address": "192.0.2.7",
        "retry_after": None,
    }
    return Outcome(start=clock.now(), status=status, error=error, **(phases | answer | values))


def record(claimed: Sequence[Claimed], *outcomes: Outcome) -> Recorded:
    """Record one outcome for each claimed delivery, or the same for all."""
    each = outcomes if len(outcomes) > 1 else [outcomes[0] if outcomes else outcome()] * len(claimed)
    with db.atomic():
        return recording.record([Result(one, what) for one, what in zip(claimed, each, strict=True)])


def open_of(endpoint: Endpoint) -> list[Any]:
    """The endpoint's open deliveries, in the order of the feed; None where a time is infinity."""
    found: Any = db.execute_sql(
        "SELECT event_id, state, NULLIF(due_time, 'infinity'), claim, attempts, tries FROM webhook_open_delivery"
        " WHERE endpoint_id = %s ORDER BY position",
        (endpoint.id,),
    )
    return list(found.fetchall())


def finished_of(endpoint: Endpoint) -> list[tuple[UUID, str, int]]:
    """Event, state and attempts of the endpoint's finished deliveries, in the order of the feed."""
    rows: Any = Delivery.select(Delivery.event_id, Delivery.state, Delivery.attempts)
    return list(rows.where(Delivery.endpoint_id == endpoint.id).order_by(Delivery.position).tuples())


def attempts_of(endpoint: Endpoint) -> list[tuple[int, int | None, str]]:
    """Number, status and error of the endpoint's attempts, in their order."""
    rows: Any = Attempt.select(Attempt.number, Attempt.status, Attempt.error)
    return list(rows.where(Attempt.endpoint_id == endpoint.id).order_by(Attempt.event_id, Attempt.number).tuples())


def skips_of(endpoint: Endpoint) -> list[tuple[UUID, str]]:
    """Events that the endpoint did not get, and why."""
    rows: Any = Skip.select(Skip.event_id, Skip.reason).where(Skip.endpoint_id == endpoint.id)
    return list(rows.order_by(Skip.event_id).tuples())


def lane_of(endpoint: Endpoint) -> Any:
    """due_time and blocked_time (None for infinity), breaker, opened and failing_time of the endpoint's lane."""
    return db.execute_sql(
        "SELECT NULLIF(due_time, 'infinity'), NULLIF(blocked_time, 'infinity'), breaker, opened, failing_time"
        " FROM webhook_lane WHERE endpoint_id = %s",
        (endpoint.id,),
    ).fetchone()


def set_lane(endpoint: Endpoint, **values: Any) -> None:
    """Set columns of the endpoint's lane."""
    Lane.update(**values).where(Lane.endpoint == endpoint.id).execute()


def problems() -> list[str]:
    """What the invariant says is wrong."""
    return [problem for (problem,) in db.execute_sql("SELECT problem FROM webhook_undelivered ORDER BY 1").fetchall()]


def later(moment: datetime | None = None, **by: float) -> datetime:
    """A moment, `by` after another one or now."""
    return (moment or clock.now()) + timedelta(**by)
