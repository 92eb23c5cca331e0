"""What a replay looks through.

It goes from event to event by their ids, which is by their time, one stretch after another. A stretch ends after at
most a day, so that few partitions are looked at, and after a number of rows, so that looking through it is short
however few of them the replay is about.
"""

# ruff: noqa: S608 - statements are put together of this module's own words

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays, ids
from server.core.db import Statement, db
from server.webhooks.models import EndpointVersion
from server.webhooks.pruning import SLACK


class Stretch(NamedTuple):
    """The events after `after`, up to and with `last`."""

    after: UUID
    last: UUID

    @property
    def times(self) -> tuple[datetime, datetime]:
        """The times between which rows about these events lie."""
        return ids.time_of(self.after) - SLACK, ids.time_of(self.last) + SLACK


class Candidate(NamedTuple):
    """A finished delivery that may be reopened."""

    endpoint_id: UUID
    event_id: UUID
    position: int
    ordering_key: str | None


class FedEvent(NamedTuple):
    """An event that was handed out at `feed_time`. `data` is JSON text, empty where it is not asked for."""

    event_id: UUID
    event_time: datetime
    type: str
    subject: str
    channels: list[str]
    ordering_key: str | None
    sequence: int | None
    data: str
    trace_parent: str
    position: int
    feed_time: datetime


class Version(NamedTuple):
    """What an endpoint was from `create_time` until `end_time`, or is."""

    endpoint_id: UUID
    revision: int
    event_types: list[str]
    channels: list[str]
    filter: str
    state: str
    create_time: datetime
    end_time: datetime | None


class Types(NamedTuple):
    """Types of events: exact ones, and what others begin with; neither for all."""

    exact: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[bool, str, str]:
        """What stands for them in a statement."""
        escaped = (start.replace("\\", r"\\").replace("_", r"\_").replace("%", r"\%") + "%" for start in self.starts)
        return not self.exact and not self.starts, arrays.texts(self.exact), arrays.texts(escaped)


_OF_TYPES: Final = "(%s OR type = ANY (%s::text[]) OR type LIKE ANY (%s::text[]))"
_FINISHED: Final = "workspace_id = %s AND event_id > %s AND event_id <= %s AND event_time >= %s AND event_time <= %s"
_EVENTS: Final = "workspace_id = %s AND id > %s AND id <= %s AND create_time >= %s AND create_time <= %s"

_FIRST: Final = Statement(f"SELECT id FROM event WHERE {_EVENTS} ORDER BY id LIMIT 1")

_NTH_EVENT: Final = Statement(f"SELECT id FROM event WHERE {_EVENTS} ORDER BY id OFFSET %s LIMIT 1")


def _nth(condition: str) -> Statement:
    return Statement(f"""
        SELECT nth.event_id FROM unnest(%s::uuid[]) AS target (endpoint_id), LATERAL (
            SELECT event_id FROM webhook_delivery
            WHERE endpoint_id = target.endpoint_id AND {_FINISHED} {condition}
            ORDER BY event_id OFFSET %s LIMIT 1
        ) nth
        ORDER BY nth.event_id LIMIT 1
    """)


def _candidates(condition: str) -> Statement:
    return Statement(f"""
        SELECT finished.endpoint_id, finished.event_id, finished.position, finished.ordering_key
        FROM unnest(%s::uuid[]) AS target (endpoint_id), LATERAL (
            SELECT endpoint_id, event_id, position, ordering_key FROM webhook_delivery
            WHERE endpoint_id = target.endpoint_id AND {_FINISHED} {condition}
                AND state = ANY (%s::text[]) AND {_OF_TYPES}
            ORDER BY event_id LIMIT %s
        ) finished
        ORDER BY finished.event_id, finished.endpoint_id LIMIT %s
    """)


# A partial index holds what did not succeed.
_UNSUCCESSFUL: Final = "AND state <> 'SUCCEEDED'"
_NTH: Final = {"all": _nth(""), "unsuccessful": _nth(_UNSUCCESSFUL)}
_CANDIDATES: Final = {"all": _candidates(""), "unsuccessful": _candidates(_UNSUCCESSFUL)}

_COUNT: Final = {
    name: Statement(f"""
        SELECT count(*) FILTER (WHERE {_OF_TYPES}), count(*) FROM unnest(%s::uuid[]) AS target (endpoint_id), LATERAL (
            SELECT type FROM webhook_delivery
            WHERE endpoint_id = target.endpoint_id AND {_FINISHED} {condition} AND state = ANY (%s::text[])
            ORDER BY event_id LIMIT %s
        ) finished
    """)
    for name, condition in (("all", ""), ("unsuccessful", _UNSUCCESSFUL))
}

_FED: Final = Statement(f"""
    SELECT event.id, event.create_time, event.type, event.subject, event.channels, event.ordering_key, event.sequence,
        CASE WHEN %s THEN event.data::text ELSE '' END, event.trace_parent, feed.position, feed.feed_time
    FROM (SELECT * FROM event WHERE {_EVENTS} AND {_OF_TYPES} ORDER BY id LIMIT %s) event, LATERAL (
        SELECT position, feed_time FROM event_feed
        WHERE event_id = event.id AND feed_time >= %s LIMIT 1
    ) feed
    ORDER BY event.id
""")

_FEED_TIMES: Final = Statement("""
    SELECT wanted.event_id, feed.feed_time FROM unnest(%s::uuid[]) AS wanted (event_id), LATERAL (
        SELECT feed_time FROM event_feed
        WHERE event_id = wanted.event_id AND workspace_id = %s AND feed_time >= %s LIMIT 1
    ) feed
""")

_PRESENT: Final = Statement(f"""
    SELECT endpoint_id, event_id FROM webhook_open_delivery WHERE workspace_id = %s AND event_id > %s AND event_id <= %s
    UNION ALL SELECT endpoint_id, event_id FROM webhook_delivery WHERE {_FINISHED}
""")


def _events(workspace_id: UUID, stretch: Stretch) -> tuple[Any, ...]:
    return (workspace_id, *stretch, *stretch.times)


def first(workspace_id: UUID, stretch: Stretch) -> UUID | None:
    """The first event of a stretch of any length."""
    row = db.execute_sql(_FIRST, _events(workspace_id, stretch)).fetchone()
    return None if row is None else row[0]


def nth_event(workspace_id: UUID, stretch: Stretch, *, number: int) -> UUID | None:
    """The event that is number `number` of a stretch."""
    row = db.execute_sql(_NTH_EVENT, (*_events(workspace_id, stretch), number - 1)).fetchone()
    return None if row is None else row[0]


def nth_delivery(
    workspace_id: UUID, stretch: Stretch, *, targets: Collection[UUID], states: Collection[str], number: int
) -> UUID | None:
    """The first event of a stretch at which some endpoint has had `number` finished deliveries."""
    values = (arrays.uuids(targets), *_events(workspace_id, stretch), number - 1)
    row = db.execute_sql(_NTH[_kind(states)], values).fetchone()
    return None if row is None else row[0]


def candidates(
    workspace_id: UUID,
    stretch: Stretch,
    *,
    targets: Collection[UUID],
    states: Collection[str],
    types: Types,
    limit: int,
) -> list[Candidate]:
    """Finished deliveries of a stretch by event; at most `limit`."""
    chosen = (arrays.plain(states), *types.values)
    values = (arrays.uuids(targets), *_events(workspace_id, stretch), *chosen, limit, limit)
    return [Candidate._make(row) for row in db.execute_sql(_CANDIDATES[_kind(states)], values).fetchall()]


def count(
    workspace_id: UUID,
    stretch: Stretch,
    *,
    targets: Collection[UUID],
    states: Collection[str],
    types: Types,
    most: int,
) -> tuple[int, bool]:
    """How many finished deliveries a stretch of any length has, and whether it may be more.

    At most `most` are looked at of each endpoint.
    """
    values = (
        *(*types.values, arrays.uuids(targets), *_events(workspace_id, stretch)),
        *(arrays.plain(states), most),
    )
    counted, seen = db.execute_sql(_COUNT[_kind(states)], values).fetchone()
    return counted, seen >= most


def _kind(states: Collection[str]) -> str:
    return "all" if "SUCCEEDED" in states else "unsuccessful"


def fed_events(workspace_id: UUID, stretch: Stretch, *, types: Types, with_data: bool, limit: int) -> list[FedEvent]:
    """Events of a stretch that were handed out."""
    values = (with_data, *_events(workspace_id, stretch), *types.values, limit, stretch.times[0])
    return [FedEvent._make(row) for row in db.execute_sql(_FED, values).fetchall()]


def feed_times(workspace_id: UUID, events: Collection[UUID]) -> dict[UUID, datetime]:
    """When each of some events was handed out."""
    if not events:
        return {}
    values = (arrays.uuids(events), workspace_id, ids.time_of(min(events)) - SLACK)
    return dict(db.execute_sql(_FEED_TIMES, values).fetchall())


def present(workspace_id: UUID, stretch: Stretch) -> set[tuple[UUID, UUID]]:
    """Endpoint and event of the deliveries that a stretch has."""
    return set(db.execute_sql(_PRESENT, (workspace_id, *stretch, *_events(workspace_id, stretch))).fetchall())


def versions(workspace_id: UUID, targets: Collection[UUID], *, since: datetime, until: datetime) -> list[Version]:
    """What some endpoints were between two moments, the newest first."""
    row = EndpointVersion
    where = (row.workspace == workspace_id) & row.endpoint.in_(sorted(targets)) & (row.create_time <= until)
    where &= row.end_time.is_null() | (row.end_time > since)
    columns = (row.endpoint if name == "endpoint_id" else getattr(row, name) for name in Version._fields)
    query: Any = row.select(*columns).where(where).order_by(row.endpoint, row.revision.desc())
    return [Version._make(found) for found in query.tuples()]
