"""The statements of fan-out: which endpoints there are, and what they are to get."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db


class Subscriber(NamedTuple):
    """A living endpoint and what it subscribes to."""

    endpoint_id: UUID
    workspace_id: UUID
    event_types: tuple[str, ...]
    channels: tuple[str, ...]
    filter: str
    ordering: str
    state: str


class Opened(NamedTuple):
    """A delivery to be made, by the places of event and endpoint in the batch; it is due unless its key has it wait."""

    event: int
    endpoint: int
    state: str
    is_due: bool
    ordering_key: str | None


_SUBSCRIBERS: Final = Statement("""
    SELECT id, workspace_id, event_types, channels, filter, ordering, state FROM webhook_endpoint
    WHERE workspace_id = ANY (%s::uuid[]) AND delete_time IS NULL ORDER BY workspace_id, id
""")

# Events, endpoints and types are named once each: an event that goes to fifty endpoints is fifty pairs of numbers. A
# long array of texts would be read from its start for each of them.
_OPEN: Final = Statement("""
    INSERT INTO webhook_open_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
        due_time, state, trigger, attempts, tries, create_time, update_time)
    SELECT new.endpoints[pair.endpoint], new.events[pair.event], new.times[pair.event], new.workspaces[pair.event],
        new.types[new.type_of[pair.event]], new.positions[pair.event], pair.ordering_key,
        CASE WHEN pair.is_due THEN new.now ELSE 'infinity' END, pair.state, 'AUTOMATIC', 0, 0, new.now, new.now
    FROM (SELECT %s::timestamptz AS now, %s::uuid[] AS endpoints, %s::uuid[] AS events, %s::timestamptz[] AS times,
        %s::uuid[] AS workspaces, %s::bigint[] AS positions, %s::integer[] AS type_of, %s::text[] AS types) new,
        unnest(%s::integer[], %s::integer[], %s::text[], %s::boolean[], %s::text[])
        AS pair (event, endpoint, state, is_due, ordering_key)
    ON CONFLICT (endpoint_id, event_id) DO NOTHING
""")

_UNFINISHED: Final = Statement("""
    SELECT key.endpoint_id, key.ordering_key FROM unnest(%s::uuid[], %s::text[]) AS key (endpoint_id, ordering_key)
    WHERE EXISTS (SELECT FROM webhook_open_delivery open
        WHERE open.endpoint_id = key.endpoint_id AND open.ordering_key = key.ordering_key)
""")

_SKIP: Final = Statement("""
    INSERT INTO webhook_skip (event_id, endpoint_id, event_time, workspace_id, reason)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::uuid[], %s::text[])
    ON CONFLICT (event_id, endpoint_id, event_time) DO NOTHING
""")


def subscribers(workspace_ids: Iterable[UUID]) -> list[Subscriber]:
    """The living endpoints of workspaces."""
    rows = db.execute_sql(_SUBSCRIBERS, (arrays.uuids(workspace_ids),)).fetchall()
    return [Subscriber(row[0], row[1], tuple(row[2]), tuple(row[3]), *row[4:]) for row in rows]


def open_deliveries(
    pairs: Sequence[Opened],
    *,
    endpoints: Sequence[UUID],
    events: Sequence[tuple[UUID, datetime, UUID, str, int]],
    now: datetime,
) -> None:
    """Insert deliveries; an event is its id, time, workspace, type and position."""
    ids, times, workspaces, types, positions = zip(*events, strict=True)
    places = {name: at for at, name in enumerate(dict.fromkeys(types), 1)}
    named = (arrays.uuids(ids), arrays.times(times), arrays.uuids(workspaces), arrays.plain(positions))
    kinds = (arrays.plain(places[name] for name in types), arrays.texts(places))
    values = (
        arrays.plain(pair.event + 1 for pair in pairs),
        arrays.plain(pair.endpoint + 1 for pair in pairs),
        arrays.plain(pair.state for pair in pairs),
        arrays.plain(pair.is_due for pair in pairs),
        arrays.texts(pair.ordering_key for pair in pairs),
    )
    db.execute_sql(_OPEN, (now, arrays.uuids(endpoints), *named, *kinds, *values))


def unfinished(keys: Iterable[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Those of the ordering keys, of (endpoint, key), that have an open delivery. Their lanes are held."""
    chosen = sorted(set(keys))
    values = (arrays.uuids(endpoint for endpoint, _ in chosen), arrays.texts(key for _, key in chosen))
    return set(db.execute_sql(_UNFINISHED, values).fetchall())


def skip(rows: Sequence[tuple[UUID, UUID, datetime, UUID, str]]) -> None:
    """Remember why endpoints did not get events: event, endpoint, time of the event, workspace, reason."""
    events, endpoints, times, workspaces, reasons = zip(*rows, strict=True)
    names = (arrays.uuids(events), arrays.uuids(endpoints), arrays.times(times), arrays.uuids(workspaces))
    db.execute_sql(_SKIP, (*names, arrays.plain(reasons)))
