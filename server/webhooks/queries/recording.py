"""Writing down attempts and what becomes of their deliveries, by one statement a batch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db


class Ended(NamedTuple):
    """An attempt that is to be recorded, if its delivery is still under `claim`.

    `state` is what the delivery comes to: SUCCEEDED, FAILED, or RETRYING at `due_time`. `tries` is what the attempt
    adds to those of the schedule, 0 or 1; `response_headers` is JSON.
    """

    endpoint_id: UUID
    event_id: UUID
    claim: UUID
    state: str
    due_time: datetime | None
    tries: int
    start_time: datetime
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    first_byte_ms: float | None
    total_ms: float
    status: int | None
    error: str
    response_headers: str
    response_body: bytes
    address: str
    detail: str
    resent: bool


class Counted(NamedTuple):
    """What an endpoint's attempts of one hour add to its counts."""

    endpoint_id: UUID
    workspace_id: UUID
    hour: datetime
    succeeded: int
    failed: int
    latencies: Sequence[int]


# A delivery that was sent again after its end takes the place of what it was. `held` looks each delivery up by itself
# (OFFSET 0) and carries all there is to say of it: to join what an attempt says afterwards costs the square of the
# batch. It holds nothing: whether the claim still is what it was, the DELETE and the UPDATE see at the row they change.
_RECORD: Final = Statement("""
    WITH ended AS (
        SELECT %s::timestamptz AS now, * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[],
            %s::integer[], %s::timestamptz[], %s::real[], %s::real[], %s::real[], %s::real[], %s::real[],
            %s::integer[], %s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::boolean[])
            WITH ORDINALITY
        AS each (endpoint_id, event_id, claim, state, due_time, more_tries, start_time, dns_ms, connect_ms, tls_ms,
            first_byte_ms, total_ms, status, error, response_headers, response_body, address, detail, resent, at)
    ),
    held AS (
        SELECT ended.*, open.* FROM ended CROSS JOIN LATERAL (
            SELECT event_time, workspace_id, type, position, ordering_key, trigger, attempts + 1 AS number,
                tries + ended.more_tries AS tries, revision, replay_id, create_time
            FROM webhook_open_delivery
            WHERE endpoint_id = ended.endpoint_id AND event_id = ended.event_id AND claim = ended.claim
            OFFSET 0
        ) open
    ),
    finished AS (
        DELETE FROM webhook_open_delivery open USING held
        WHERE open.endpoint_id = held.endpoint_id AND open.event_id = held.event_id AND open.claim = held.claim
            AND held.state <> 'RETRYING'
        RETURNING held.*
    ),
    again AS (
        UPDATE webhook_open_delivery open SET state = held.state, due_time = held.due_time, claim = NULL,
            lease_time = NULL, attempts = held.number, tries = held.tries, update_time = held.now
        FROM held
        WHERE open.endpoint_id = held.endpoint_id AND open.event_id = held.event_id AND open.claim = held.claim
            AND held.state = 'RETRYING'
        RETURNING held.*
    ),
    accepted AS (SELECT * FROM finished UNION ALL SELECT * FROM again),
    delivery AS (
        INSERT INTO webhook_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
            state, trigger, attempts, revision, replay_id, create_time, update_time)
        SELECT endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
            state, trigger, number, revision, replay_id, create_time, now FROM finished
        ON CONFLICT (endpoint_id, event_id, event_time) DO UPDATE SET state = EXCLUDED.state,
            trigger = EXCLUDED.trigger, attempts = EXCLUDED.attempts, revision = EXCLUDED.revision,
            replay_id = EXCLUDED.replay_id, update_time = EXCLUDED.update_time
    ),
    attempt AS (
        INSERT INTO webhook_attempt (endpoint_id, event_id, event_time, number, workspace_id, trigger, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers, response_body,
            address, detail, resent)
        SELECT endpoint_id, event_id, event_time, number, workspace_id, trigger, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers::jsonb, response_body,
            address, detail, resent
        FROM accepted
    )
    SELECT at FROM accepted
""")

_COUNT: Final = Statement("""
    INSERT INTO webhook_endpoint_hour AS present (endpoint_id, workspace_id, hour, succeeded, failed, latencies)
    SELECT endpoint_id, workspace_id, hour, succeeded, failed, latencies::bigint[]
    FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::text[])
        AS counted (endpoint_id, workspace_id, hour, succeeded, failed, latencies)
    ORDER BY endpoint_id, hour
    ON CONFLICT (endpoint_id, hour) DO UPDATE SET succeeded = present.succeeded + EXCLUDED.succeeded,
        failed = present.failed + EXCLUDED.failed,
        latencies = ARRAY(SELECT before + more
            FROM unnest(present.latencies, EXCLUDED.latencies) WITH ORDINALITY AS pair (before, more, at) ORDER BY at)
""")


def record(rows: Sequence[Ended], *, now: datetime) -> list[int]:
    """Record attempts; gives the places in `rows` of those whose claim still held. The others leave no trace."""
    columns = list(zip(*rows, strict=True))
    values = (
        now,
        *(arrays.uuids(columns[at]) for at in (0, 1, 2)),
        arrays.plain(columns[3]),
        arrays.times(columns[4]),
        arrays.plain(columns[5]),
        arrays.times(columns[6]),
        *(arrays.plain(columns[at]) for at in range(7, 13)),
        arrays.texts(columns[13]),
        arrays.texts(columns[14]),
        arrays.blobs(columns[15]),
        arrays.texts(columns[16]),
        arrays.texts(columns[17]),
        arrays.plain(columns[18]),
    )
    return [at - 1 for (at,) in db.execute_sql(_RECORD, values).fetchall()]


def count(rows: Sequence[Counted]) -> None:
    """Add to the counts of endpoints by the hour."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        arrays.uuids(columns[1]),
        arrays.times(columns[2]),
        arrays.plain(columns[3]),
        arrays.plain(columns[4]),
        arrays.texts(arrays.plain(latencies) for latencies in columns[5]),
    )
    db.execute_sql(_COUNT, values)
