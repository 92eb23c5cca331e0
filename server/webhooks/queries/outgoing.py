"""What a claimed delivery is made of: events, endpoints as they are or were, and secrets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.webhooks.sending.types import Outgoing


class TargetRow(NamedTuple):
    """How an endpoint is sent to; `headers` and `auth` are sealed."""

    endpoint_id: UUID
    revision: int
    workspace_id: UUID
    url: str
    headers: bytes
    signature: str
    timeout_seconds: int
    format: str
    transformation: str
    auth_kind: str
    auth: bytes


# Written with its bounds and not prepared: so the planner leaves out the other days. OFFSET 0 has it look up each event
# on its own: a join starts from every event between the bounds while the statistics do not know the newest ones.
_EVENTS: Final = """
    SELECT found.* FROM unnest(%s::timestamptz[], %s::uuid[]) AS key (create_time, id) CROSS JOIN LATERAL (
        SELECT event.id, event.type, event.subject, event.workspace_id, event.create_time, event.data::text,
            event.sequence, event.ordering_key, event.trace_parent
        FROM event WHERE event.create_time = key.create_time AND event.id = key.id
            AND event.create_time BETWEEN %s AND %s
        OFFSET 0
    ) found
"""

_TARGETS: Final = Statement("""
    SELECT id, revision, workspace_id, url, headers, signature, timeout_seconds, format, transformation, auth_kind, auth
    FROM webhook_endpoint WHERE id = ANY (%s::uuid[])
""")

_VERSIONS: Final = Statement("""
    SELECT version.endpoint_id, version.revision, version.workspace_id, version.url, version.headers,
        version.signature, version.timeout_seconds, version.format, version.transformation, version.auth_kind,
        version.auth
    FROM unnest(%s::uuid[], %s::integer[]) AS key (endpoint_id, revision)
    JOIN webhook_endpoint_version version
        ON version.endpoint_id = key.endpoint_id AND version.revision = key.revision
""")

_SECRETS: Final = Statement("""
    SELECT endpoint_id, secret, expire_time FROM webhook_secret
    WHERE endpoint_id = ANY (%s::uuid[]) AND (expire_time IS NULL OR expire_time > %s)
    ORDER BY endpoint_id, create_time DESC
""")


def events(keys: Sequence[tuple[datetime, UUID]]) -> list[Outgoing]:
    """Events by time and id, as they are sent; those that retention dropped are missing."""
    times, ids = zip(*keys, strict=True)
    rows = db.execute_sql(_EVENTS, (arrays.times(times), arrays.uuids(ids), min(times), max(times))).fetchall()
    return [Outgoing(*row) for row in rows]


def targets(endpoint_ids: Iterable[UUID]) -> list[TargetRow]:
    """Endpoints as they are now."""
    return _rows(_TARGETS, (arrays.uuids(endpoint_ids),))


def versions(keys: Sequence[tuple[UUID, int]]) -> list[TargetRow]:
    """Endpoints as they were, by id and revision."""
    values = (arrays.uuids(endpoint for endpoint, _ in keys), arrays.plain(revision for _, revision in keys))
    return _rows(_VERSIONS, values)


def secrets(endpoint_ids: Iterable[UUID], *, now: datetime) -> list[tuple[UUID, bytes, datetime | None]]:
    """The living secrets of endpoints, the newest of each first, sealed, and when they expire."""
    return db.execute_sql(_SECRETS, (arrays.uuids(endpoint_ids), now)).fetchall()  # type: ignore[no-any-return]


def _rows(statement: Statement, values: tuple[Any, ...]) -> list[TargetRow]:
    return [TargetRow._make(row) for row in db.execute_sql(statement, values).fetchall()]
