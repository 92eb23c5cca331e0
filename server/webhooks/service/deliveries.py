"""Reading deliveries, retrying them and cancelling them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import clock, filters, ids
from server.core.errors import NotFound
from server.core.paging import Page
from server.webhooks.convert import deliveries as convert
from server.webhooks.errors import DeliveryFinished, DeliveryOpen, EndpointDisabled
from server.webhooks.models import FIRST_STATES
from server.webhooks.queries import cancelling, deliveries, endpoints, fan_out, lanes, reopening
from server.webhooks.queries.deliveries import AttemptRow, DeliveryRow, Wanted
from server.webhooks.queries.reopening import Opening
from server.webhooks.queries.rows import EndpointRow

_ALL_STATES: Final = Wanted().states


def get(workspace_id: UUID, endpoint_id: UUID, event_id: UUID) -> DeliveryRow:
    """A delivery. Raises NotFound."""
    row = deliveries.get(workspace_id, endpoint_id, event_id)
    if row is None:
        raise NotFound
    return row


def page_of_endpoint(
    workspace_id: UUID, endpoint_id: UUID, page: Page, *, wanted: str
) -> tuple[list[DeliveryRow], str]:
    """A page of the endpoint's deliveries that the filter `wanted` lets through, and the token of the next one.

    Raises NotFound, FilterInvalid.
    """
    chosen = read_filter(wanted)
    if endpoints.get(workspace_id, endpoint_id) is None:
        raise NotFound
    after = UUID(page.after[0]) if page.after else None
    rows = deliveries.page_of_endpoint(workspace_id, endpoint_id, wanted=chosen, after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.event_id)])


def page_of_event(workspace_id: UUID, event_id: UUID, page: Page) -> tuple[list[DeliveryRow], str]:
    """A page of the event's deliveries, and the token of the next one."""
    after = UUID(page.after[0]) if page.after else None
    rows = deliveries.page_of_event(workspace_id, event_id, after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.endpoint_id)])


def page_of_attempts(workspace_id: UUID, endpoint_id: UUID, event_id: UUID, page: Page) -> tuple[list[AttemptRow], str]:
    """A page of a delivery's attempts, and the token of the next one. Raises NotFound."""
    get(workspace_id, endpoint_id, event_id)
    before = page.after[0] if page.after else None
    rows = deliveries.attempts(workspace_id, endpoint_id, event_id, before=before, limit=page.limit)
    return page.cut(rows, lambda row: [row.number])


def read_filter(text: str) -> Wanted:
    """What the filter `text` of a list of deliveries lets through. Raises FilterInvalid."""
    wanted = Wanted()
    states, types, others = _ALL_STATES, wanted.types, wanted.other_types
    since, before = wanted.since, wanted.before
    for comparison in filters.parse(text, fields=["state", "event_type"], times=["event_time"]):
        if comparison.field == "state":
            states = states & comparison.among(convert.STATE_WORDS)
        elif comparison.field == "event_time":
            moment = comparison.moment
            since, before = (
                (max(since, moment), before) if comparison.operator == ">=" else (since, min(before, moment))
            )
        elif comparison.negated:
            others = others | {comparison.value}
        else:
            types = frozenset({comparison.value}) & (frozenset({comparison.value}) if types is None else types)
    return Wanted(states, types, others, since, before)


def retry(workspace_id: UUID, endpoint_id: UUID, event_id: UUID) -> DeliveryRow:
    """The delivery, open and due: a finished one starts anew, one that waits for its next attempt need not.

    Of two calls at the same moment one does it and both give the same. Raises NotFound, EndpointDisabled, and
    DeliveryOpen while an attempt is being made.
    """
    lanes.lock([endpoint_id])
    endpoint = able(workspace_id, endpoint_id)
    now = clock.now()
    row = get(workspace_id, endpoint_id, event_id)
    if row.state == "DELIVERING":
        raise DeliveryOpen(state=row.state)
    if row.is_finished:
        _reopen(endpoint, row, now=now)
    elif not reopening.hasten(workspace_id, endpoint_id, event_id, now=now):
        return row
    lanes.wake([endpoint_id], now=now)
    return get(workspace_id, endpoint_id, event_id)


def able(workspace_id: UUID, endpoint_id: UUID) -> EndpointRow:
    """An endpoint that is not disabled. Raises NotFound, EndpointDisabled."""
    found = endpoints.get(workspace_id, endpoint_id)
    if found is None:
        raise NotFound
    if found[0].state == "DISABLED":
        raise EndpointDisabled(endpoint_id=ids.encode("whe", endpoint_id))
    return found[0]


def _reopen(endpoint: EndpointRow, row: DeliveryRow, *, now: datetime) -> None:
    is_due = endpoint.ordering != "PER_KEY" or row.ordering_key is None
    is_due = is_due or not fan_out.unfinished([(row.endpoint_id, row.ordering_key or "")])
    opening = Opening(row.endpoint_id, row.event_id, FIRST_STATES[endpoint.state], is_due, revision=None)
    reopening.reopen(row.workspace_id, [opening], trigger="MANUAL", replay_id=None, now=now)


def cancel(workspace_id: UUID, endpoint_id: UUID, event_id: UUID) -> DeliveryRow:
    """The delivery, cancelled; the next one of its ordering key has its turn.

    Raises NotFound, DeliveryFinished, and DeliveryOpen while an attempt is being made.
    """
    lanes.lock([endpoint_id])
    row = get(workspace_id, endpoint_id, event_id)
    if row.is_finished:
        raise DeliveryFinished(state=row.state)
    now = clock.now()
    if not cancelling.cancel(workspace_id, endpoint_id, [event_id], now=now):
        raise DeliveryOpen(state=row.state)
    if row.ordering_key is not None and lanes.release([(endpoint_id, row.ordering_key)], now=now):
        lanes.wake([endpoint_id], now=now)
    return get(workspace_id, endpoint_id, event_id)
