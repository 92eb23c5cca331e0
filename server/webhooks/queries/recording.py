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


class Counted(NamedTuple):
    """What an endpoint's attempts of one hour add to its counts."""

    endpoint_id: UUID
    workspace_id: UUID
    hour: datetime
    succeeded: int
    failed: int
    latencies: Sequence[int]


# A delivery that was sent again after its end takes the place of what it was. What an attempt says goes along with the
# rows: to join it afterwards costs the square of the batch.
_RECORD: Final = Statement("""
    WITH ended AS (
        SELECT %s::timestamptz AS now, * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[],
            %s::integer[], %s::timestamptz[], %s::real[], %s::real[], %s::real[], %s::real[], %s::real[],
            %s::integer[], %s::text[], %s::text[], %s::bytea[], %s::text[]) WITH ORDINALITY
        AS each (endpoint_id, event_id, claim, state, due_time, tries, start_time, dns_ms, connect_ms, tls_ms,
            first_byte_ms, total_ms, status, error, response_headers, response_body, address, at)
    ),
    finished AS (
        DELETE FROM webhook_open_delivery open USING ended
        WHERE open.endpoint_id = ended.endpoint_id AND open.event_id = ended.event_id AND open.claim = ended.claim
            AND ended.state <> 'RETRYING'
        RETURNING open.*, ended.at, ended.state AS final_state, ended.now, ended.start_time, ended.dns_ms,
            ended.connect_ms, ended.tls_ms, ended.first_byte_ms, ended.total_ms, ended.status, ended.error,
            ended.response_headers, ended.response_body, ended.address
    ),
    again AS (
        UPDATE webhook_open_delivery open SET state = 'RETRYING', due_time = ended.due_time, claim = NULL,
            lease_time = NULL, attempts = open.attempts + 1, tries = open.tries + ended.tries, update_time = ended.now
        FROM ended
        WHERE open.endpoint_id = ended.endpoint_id AND open.event_id = ended.event_id AND open.claim = ended.claim
            AND ended.state = 'RETRYING'
        RETURNING open.endpoint_id, open.event_id, open.event_time, open.workspace_id, open.trigger, open.attempts,
            ended.at, ended.start_time, ended.dns_ms, ended.connect_ms, ended.tls_ms, ended.first_byte_ms,
            ended.total_ms, ended.status, ended.error, ended.response_headers, ended.response_body, ended.address
    ),
    accepted AS (
        SELECT at, endpoint_id, event_id, event_time, workspace_id, trigger, attempts + 1 AS number, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers, response_body, address
        FROM finished
        UNION ALL
        SELECT at, endpoint_id, event_id, event_time, workspace_id, trigger, attempts, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers, response_body, address
        FROM again
    ),
    delivery AS (
        INSERT INTO webhook_delivery (endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
            state, trigger, attempts, revision, replay_id, create_time, update_time)
        SELECT endpoint_id, event_id, event_time, workspace_id, type, position, ordering_key,
            final_state, trigger, attempts + 1, revision, replay_id, create_time, now FROM finished
        ON CONFLICT (endpoint_id, event_id, event_time) DO UPDATE SET state = EXCLUDED.state,
            trigger = EXCLUDED.trigger, attempts = EXCLUDED.attempts, revision = EXCLUDED.revision,
            replay_id = EXCLUDED.replay_id, update_time = EXCLUDED.update_time
    ),
    attempt AS (
        INSERT INTO webhook_attempt (endpoint_id, event_id, event_time, number, workspace_id, trigger, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers, response_body,
            address)
        SELECT endpoint_id, event_id, event_time, number, workspace_id, trigger, start_time,
            dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status, error, response_headers::jsonb, response_body,
            address
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
