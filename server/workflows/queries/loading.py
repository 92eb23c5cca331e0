"""What a runner reads to go on with an execution: definitions, workspaces, secrets, records, waits and wishes.

For runners, which read of every workspace.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db


class VersionRow(NamedTuple):
    """A version of a workflow, with the workflow's name; `definition` is JSON."""

    workflow_id: UUID
    number: int
    name: str
    definition: str


class RecordRow(NamedTuple):
    """A row of workflow_step; `output` and `error` are JSON."""

    execution_id: UUID
    path: str
    generation: int
    attempt: int
    type: str
    status: str
    start_time: datetime
    end_time: datetime | None
    output: str | None
    error: str | None
    due_time: datetime | None


class WishRow(NamedTuple):
    """What is wished of an execution that is still ours."""

    id: UUID
    cancel_time: datetime | None
    pause: bool


_VERSIONS: Final = Statement("""
    SELECT found.* FROM unnest(%s::uuid[], %s::integer[]) AS key (workflow_id, number) CROSS JOIN LATERAL (
        SELECT version.workflow_id, version.number, workflow.name, version.definition::text
        FROM workflow_version version JOIN workflow ON workflow.id = version.workflow_id
        WHERE version.workflow_id = key.workflow_id AND version.number = key.number
        OFFSET 0
    ) found
""")

_WORKSPACES: Final = Statement("SELECT id, slug, name FROM workspace WHERE id = ANY (%s::uuid[])")

_SECRETS: Final = Statement(
    "SELECT workspace_id, name, value FROM workflow_secret WHERE workspace_id = ANY (%s::uuid[])"
)

# Written with its bounds and not prepared: so the planner leaves out the other days.
_RECORDS: Final = """
    SELECT found.* FROM unnest(%s::uuid[], %s::timestamptz[], %s::integer[]) AS key (id, create_time, generation)
    CROSS JOIN LATERAL (
        SELECT step.execution_id, step.path, step.generation, step.attempt, step.type, step.status, step.start_time,
            step.end_time, step.output::text, step.error::text, step.due_time
        FROM workflow_step step
        WHERE step.execution_id = key.id AND step.execution_time = key.create_time
            AND step.execution_time BETWEEN %s AND %s
            AND (step.generation = key.generation
                OR step.status = 'SUCCEEDED' OR step.status = 'FAILED' AND step.due_time IS NULL)
        OFFSET 0
    ) found
"""

_WAITS: Final = Statement("""
    SELECT execution_id, path, kind, resolution::text FROM workflow_wait WHERE execution_id = ANY (%s::uuid[])
""")

_POKED: Final = Statement("""
    UPDATE workflow_open_execution SET poked = false WHERE id IN (
        SELECT id FROM workflow_open_execution WHERE runner_id = %s AND poked ORDER BY id LIMIT %s
        FOR NO KEY UPDATE SKIP LOCKED
    ) RETURNING id, cancel_time, pause
""")

_POKE_ALL: Final = Statement("UPDATE workflow_open_execution SET poked = true WHERE runner_id = %s")

_CACHED: Final = Statement("""
    SELECT output::text FROM workflow_cache WHERE workspace_id = %s AND key = %s AND expire_time > %s
""")


def versions(keys: Sequence[tuple[UUID, int]]) -> list[VersionRow]:
    """Versions by workflow and number."""
    values = (arrays.uuids(workflow for workflow, _ in keys), arrays.plain(number for _, number in keys))
    return [VersionRow._make(row) for row in db.execute_sql(_VERSIONS, values).fetchall()]


def workspaces(ids: Iterable[UUID]) -> list[tuple[UUID, str, str]]:
    """Id, slug and name of workspaces."""
    return db.execute_sql(_WORKSPACES, (arrays.uuids(ids),)).fetchall()  # type: ignore[no-any-return]


def secrets(workspace_ids: Iterable[UUID]) -> list[tuple[UUID, str, bytes]]:
    """Workspace, name and sealed value of all their secrets."""
    return db.execute_sql(_SECRETS, (arrays.uuids(workspace_ids),)).fetchall()  # type: ignore[no-any-return]


def records(keys: Sequence[tuple[UUID, datetime, int]]) -> list[RecordRow]:
    """What is recorded of executions, by id, create_time and generation.

    Of earlier generations only what is settled: the machine keeps what succeeded and what was gone on from.
    """
    ids, times, generations = zip(*keys, strict=True)
    values = (arrays.uuids(ids), arrays.times(times), arrays.plain(generations), min(times), max(times))
    return [RecordRow._make(row) for row in db.execute_sql(_RECORDS, values).fetchall()]


def waits(execution_ids: Iterable[UUID]) -> list[tuple[UUID, str, str, str | None]]:
    """Execution, path and kind of what they wait for, and what came as JSON, None while nothing did."""
    return db.execute_sql(_WAITS, (arrays.uuids(execution_ids),)).fetchall()  # type: ignore[no-any-return]


def poked(runner_id: UUID, limit: int) -> list[WishRow]:
    """At most `limit` executions of the runner to which something came since it looked last."""
    return [WishRow._make(row) for row in db.execute_sql(_POKED, (runner_id, limit)).fetchall()]


def poke_all(runner_id: UUID) -> None:
    """Have the runner look at all that it runs, since it may have missed something."""
    db.execute_sql(_POKE_ALL, (runner_id,))


def cached(workspace_id: UUID, key: bytes, *, now: datetime) -> str | None:
    """What a step gave for the same inputs, as JSON."""
    row: Any = db.execute_sql(_CACHED, (workspace_id, key, now)).fetchone()
    return None if row is None else row[0]
