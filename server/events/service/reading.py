"""Reading the log: one event, or a page of it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import filters
from server.core.errors import NotFound
from server.core.filters import FilterInvalid
from server.core.paging import Page
from server.events import builtin, convert
from server.events.queries import catalogue, log
from userdata.events.v1.event_pb2 import Event

#: A page ends after so much, so that every client takes the answer (gRPC's own limit is 4 MiB).
_BYTES: Final = 2 * 1024 * 1024
#: How many events are in memory at a time before that is looked at.
_LOADED: Final = 60


def get(workspace_id: UUID, event_id: UUID) -> Event:
    """An event. Raises NotFound."""
    row = log.get(workspace_id, event_id)
    if row is None:
        raise NotFound
    return convert.event(row)


def page_of(workspace_id: UUID, page: Page, *, wanted: str) -> tuple[list[Event], str]:
    """A page of events, the newest first, and the token of the next one. Raises FilterInvalid.

    A page of large events has fewer than asked for.
    """
    types, subject, since, before = _conditions(workspace_id, wanted)
    after = UUID(page.after[0]) if page.after else None
    events: list[Event] = []
    size = 0
    while len(events) < page.limit:
        limit = min(_LOADED, page.limit - len(events))
        rows = log.page_of(
            workspace_id, types=types, subject=subject, since=since, before=before, after=after, limit=limit
        )
        for row in rows:
            event = convert.event(row)
            size += event.ByteSize()
            if events and size > _BYTES:
                return events, page.token([str(after)])
            events.append(event)
            after = row.id
        if len(rows) < limit:
            break
    kept = events[: page.size]
    if len(events) <= page.size:
        return kept, ""
    return kept, page.token([str(convert.event_id(kept[-1]))])


def _conditions(
    workspace_id: UUID, wanted: str
) -> tuple[list[str] | None, str | None, datetime | None, datetime | None]:
    """The types, the subject and the times that a filter asks for; None for what it does not speak of."""
    types: list[str] | None = None
    subjects: set[str] = set()
    since: datetime | None = None
    before: datetime | None = None
    for part in filters.parse(wanted, fields={"type", "subject"}, times={"create_time"}):
        if part.negated:
            raise FilterInvalid("The filter takes {field} with = only.", field=part.field)
        if part.field == "type":
            named = _types(workspace_id, part.value)
            types = named if types is None else [name for name in types if name in named]
        elif part.field == "subject":
            subjects.add(part.value)
        elif part.operator == ">=":
            since = part.moment if since is None else max(since, part.moment)
        else:
            before = part.moment if before is None else min(before, part.moment)
    if len(subjects) > 1:
        types = []
    return types, next(iter(subjects), None), since, before


def _types(workspace_id: UUID, pattern: str) -> list[str]:
    """The event types that `pattern`, exact or `prefix.*`, speaks of."""
    if not pattern.endswith(".*"):
        return [pattern]
    prefix = pattern[:-1]
    own = catalogue.names_under(workspace_id, prefix)
    return [name for name in builtin.TYPES if name.startswith(prefix)] + own
