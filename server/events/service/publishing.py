"""Publishing the events of customers: checked against the catalogue, then appended to the log in one statement."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from server.core import events, structs
from server.core.errors import DomainError, FieldViolation
from server.core.events import DedupeKeyReused, Draft, Published
from server.events import convert
from server.events.queries import log
from server.events.service.catalogue import Types
from userdata.events.v1.event_pb2 import Event

#: A list of more is no help.
_MOST_VIOLATIONS: Final = 100


def publish(workspace_id: UUID, wanted: Event) -> Event:
    """The event as it was published, or, when its dedupe key was used for the same before, as it was then.

    Raises EventTypeUnknown, EventTypeReserved, EventTypeArchived, EventDataInvalid, DedupeKeyReused.
    """
    return _publish(workspace_id, [wanted], ["event"])[0]


def publish_all(workspace_id: UUID, wanted: Sequence[Event]) -> list[Event]:
    """The events as they were published, in their order and without their data. All are published or none.

    Raises what `publish` does: the error of the first that cannot be published, with the violations of all.
    """
    published = _publish(workspace_id, wanted, [f"events[{index}]" for index in range(len(wanted))])
    for event in published:
        event.ClearField("data")
    return published


def _publish(workspace_id: UUID, wanted: Sequence[Event], places: Sequence[str]) -> list[Event]:
    drafts = _checked(workspace_id, wanted, places)
    try:
        published = events.publish_many(drafts, workspace=workspace_id)
    except DedupeKeyReused as refusal:
        refusal.violations = tuple(FieldViolation(f"{places[at]}.dedupe_key", refusal.message) for at in refusal.at)
        raise
    first = _first_ones(workspace_id, published)
    origin = convert.origin(workspace_id)
    return [
        first.get(new.id) or convert.published(event, new, origin) for event, new in zip(wanted, published, strict=True)
    ]


def _checked(workspace_id: UUID, wanted: Sequence[Event], places: Sequence[str]) -> list[Draft]:
    types = Types(workspace_id, {event.type for event in wanted})
    drafts: list[Draft] = []
    refusals: list[DomainError] = []
    for event, place in zip(wanted, places, strict=True):
        data: dict[str, Any] = structs.to_dict(event.data)
        refusal = types.refusal(event.type, data, at=place)
        if refusal is not None:
            refusals.append(refusal)
        drafts.append(convert.draft(event, structs.dumps(data)))
    if refusals:
        violations = [violation for refusal in refusals for violation in refusal.violations]
        refusals[0].violations = tuple(violations[:_MOST_VIOLATIONS])
        raise refusals[0]
    return drafts


def _first_ones(workspace_id: UUID, published: Sequence[Published]) -> dict[UUID, Event]:
    """The events of before that repeats gave back."""
    repeats = [(event.id, event.create_time) for event in published if event.repeated]
    if not repeats:
        return {}
    rows = log.several(workspace_id, repeats)
    return {row.id: convert.event(row) for row in rows}
