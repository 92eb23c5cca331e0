"""Writing down what executions came to, a batch of them by one statement for each table. For runners.

`hold` comes first and is the fence; what follows is sent together with COMMIT, since nothing of it is waited for.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db


class HeldRow(NamedTuple):
    """An open execution whose row is ours until the transaction ends."""

    id: UUID
    claim: UUID | None
    poked: bool
    pause: bool
    cancel_time: datetime | None


class StepRow(NamedTuple):
    """A row of workflow_step; `output` and `error` are JSON."""

    execution_id: UUID
    execution_time: datetime
    path: str
    generation: int
    attempt: int
    workspace_id: UUID
    type: str
    status: str
    output: str | None
    error: str | None
    due_time: datetime | None
    start_time: datetime
    end_time: datetime | None


class WaitRow(NamedTuple):
    """A row of workflow_wait; `variables` and `resolution` are JSON."""

    execution_id: UUID
    path: str
    workspace_id: UUID
    kind: str
    name: str
    match: str
    variables: str
    resolution: str | None
    create_time: datetime


class LogRow(NamedTuple):
    """A row of workflow_log; `fields` is JSON."""

    id: UUID
    execution_id: UUID
    execution_time: datetime
    workspace_id: UUID
    path: str
    attempt: int
    level: str
    message: str
    fields: str
    create_time: datetime


class EndedRow(NamedTuple):
    """How an open execution ends; `output` and `error` are JSON."""

    id: UUID
    state: str
    output: str | None
    error: str | None
    end_time: datetime
    expire_time: datetime | None


class DayRow(NamedTuple):
    """What a batch adds to the counts of a workflow's day."""

    workflow_id: UUID
    day: date
    workspace_id: UUID
    succeeded: int
    failed: int
    cancelled: int
    timed_out: int
    latencies: Sequence[int]


class CacheRow(NamedTuple):
    """What a step gave, for the next time; `output` is JSON."""

    workspace_id: UUID
    key: bytes
    output: str
    expire_time: datetime


_HOLD: Final = Statement("""
    SELECT held.* FROM unnest(%s::uuid[]) AS key (id) CROSS JOIN LATERAL (
        SELECT id, claim, poked, pause, cancel_time FROM workflow_open_execution open WHERE open.id = key.id
        OFFSET 0 FOR NO KEY UPDATE
    ) held
""")

# A row that is there already and is no wait was written under the same claim: what it says stays.
_STEPS: Final = Statement("""
    INSERT INTO workflow_step AS present (execution_id, execution_time, path, generation, attempt, workspace_id, type,
        status, output, error, due_time, start_time, end_time)
    SELECT execution_id, execution_time, path, generation, attempt, workspace_id, type, status, output::jsonb,
        error::jsonb, due_time, start_time, end_time
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::integer[], %s::integer[], %s::uuid[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        AS step (execution_id, execution_time, path, generation, attempt, workspace_id, type, status, output, error,
            due_time, start_time, end_time)
    ON CONFLICT (execution_id, path, generation, attempt, execution_time) DO UPDATE SET status = EXCLUDED.status,
        output = EXCLUDED.output, error = EXCLUDED.error, due_time = EXCLUDED.due_time, end_time = EXCLUDED.end_time
    WHERE present.status = 'WAITING'
""")

_WAITS: Final = Statement("""
    INSERT INTO workflow_wait (execution_id, path, workspace_id, kind, name, match, variables, resolution, create_time)
    SELECT execution_id, path, workspace_id, kind, name, match, variables::jsonb, resolution::jsonb, create_time
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::timestamptz[])
        AS wait (execution_id, path, workspace_id, kind, name, match, variables, resolution, create_time)
    ON CONFLICT (execution_id, path) DO UPDATE SET kind = EXCLUDED.kind, name = EXCLUDED.name, match = EXCLUDED.match,
        variables = EXCLUDED.variables, resolution = EXCLUDED.resolution, create_time = EXCLUDED.create_time
""")

_WAITS_OVER: Final = Statement("""
    DELETE FROM workflow_wait wait USING unnest(%s::uuid[], %s::text[]) AS over (execution_id, path)
    WHERE wait.execution_id = over.execution_id AND wait.path = over.path
""")

_ALL_WAITS_OVER: Final = Statement("DELETE FROM workflow_wait WHERE execution_id = ANY (%s::uuid[])")

_SIGNALS_OVER: Final = Statement("DELETE FROM workflow_signal WHERE execution_id = ANY (%s::uuid[])")

_SIGNALS: Final = Statement("""
    SELECT id, execution_id, name, payload::text FROM workflow_signal WHERE execution_id = ANY (%s::uuid[])
    ORDER BY execution_id, name, id
""")

_SIGNALS_TAKEN: Final = Statement("DELETE FROM workflow_signal WHERE id = ANY (%s::uuid[])")

_LINES: Final = Statement("""
    INSERT INTO workflow_log (id, execution_id, execution_time, workspace_id, path, attempt, level, message, fields,
        create_time)
    SELECT id, execution_id, execution_time, workspace_id, path, attempt, level, message, fields::jsonb, create_time
    FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::uuid[], %s::text[], %s::integer[], %s::text[],
        %s::text[], %s::text[], %s::timestamptz[])
        AS line (id, execution_id, execution_time, workspace_id, path, attempt, level, message, fields, create_time)
""")

_END: Final = Statement("""
    WITH ended AS (
        DELETE FROM workflow_open_execution open
        USING unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
            AS ending (id, state, output, error, end_time, expire_time)
        WHERE open.id = ending.id
        RETURNING open.*, ending.state AS final_state, ending.output, ending.error, ending.end_time, ending.expire_time
    )
    INSERT INTO workflow_execution (id, create_time, workspace_id, workflow_id, version, state, priority, trigger,
        cause, input, labels, concurrency_key, parent_id, parent_path, depth, forked_from, generation, actor,
        trace_parent, start_time, end_time, output, error, cancel_reason, expire_time, revision)
    SELECT id, create_time, workspace_id, workflow_id, version, final_state, priority, trigger, cause, input, labels,
        concurrency_key, parent_id, parent_path, depth, forked_from, generation, actor, trace_parent, start_time,
        end_time, output::jsonb, error::jsonb, cancel_reason, expire_time, revision + 1
    FROM ended
""")

# Of what came while the runner was about to let go, it may not know yet: then somebody takes it again at once.
_RELEASE: Final = Statement("""
    UPDATE workflow_open_execution open SET due_time = COALESCE(rest.due_time, 'infinity'), ready_time = rest.now,
        state = CASE WHEN rest.state = 'WAITING' AND (open.cancel_time IS NOT NULL OR EXISTS (
            SELECT FROM workflow_wait wait WHERE wait.execution_id = open.id AND wait.resolution IS NOT NULL
        )) THEN 'READY' ELSE rest.state END,
        runner_id = NULL, claim = NULL, poked = false, update_time = rest.now, revision = open.revision + 1
    FROM (
        SELECT *, %s::timestamptz AS now
        FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS each (id, state, due_time)
    ) rest
    WHERE open.id = rest.id
""")

_APPROVALS_OVER: Final = Statement("""
    UPDATE workflow_approval approval SET state = over.state, decide_time = over.now
    FROM (
        SELECT *, %s::timestamptz AS now
        FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS each (execution_id, path, state)
    ) over
    WHERE approval.execution_id = over.execution_id AND approval.path = over.path AND approval.state = 'PENDING'
""")

_CHILDREN: Final = Statement("""
    SELECT open.id FROM unnest(%s::uuid[], %s::text[]) AS over (execution_id, path)
    JOIN workflow_open_execution open ON open.parent_id = over.execution_id AND open.parent_path = over.path
    WHERE open.cancel_time IS NULL
""")

_COUNT: Final = Statement("""
    INSERT INTO workflow_day AS present (workflow_id, day, workspace_id, succeeded, failed, cancelled, timed_out,
        latencies)
    SELECT workflow_id, day, workspace_id, succeeded, failed, cancelled, timed_out, latencies::bigint[]
    FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
        AS counted (workflow_id, day, workspace_id, succeeded, failed, cancelled, timed_out, latencies)
    ORDER BY workflow_id, day
    ON CONFLICT (workflow_id, day) DO UPDATE SET succeeded = present.succeeded + EXCLUDED.succeeded,
        failed = present.failed + EXCLUDED.failed, cancelled = present.cancelled + EXCLUDED.cancelled,
        timed_out = present.timed_out + EXCLUDED.timed_out,
        latencies = ARRAY(SELECT before + more
            FROM unnest(present.latencies, EXCLUDED.latencies) WITH ORDINALITY AS pair (before, more, at) ORDER BY at)
""")

_CACHE: Final = Statement("""
    INSERT INTO workflow_cache (workspace_id, key, output, expire_time)
    SELECT workspace_id, key, output::jsonb, expire_time
    FROM unnest(%s::uuid[], %s::bytea[], %s::text[], %s::timestamptz[])
        AS given (workspace_id, key, output, expire_time)
    ORDER BY workspace_id, key
    ON CONFLICT (workspace_id, key) DO UPDATE SET output = EXCLUDED.output, expire_time = EXCLUDED.expire_time
""")


def hold(execution_ids: Iterable[UUID]) -> list[HeldRow]:
    """Those that are open, held in the order of their ids, as every holder of several does."""
    values = (arrays.uuids(sorted(execution_ids)),)
    return [HeldRow._make(row) for row in db.execute_sql(_HOLD, values).fetchall()]


def steps(rows: Sequence[StepRow]) -> None:
    """Add records, or put in the place of a wait what it came to."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        arrays.times(columns[1]),
        arrays.texts(columns[2]),
        arrays.plain(columns[3]),
        arrays.plain(columns[4]),
        arrays.uuids(columns[5]),
        *(arrays.texts(columns[at]) for at in range(6, 10)),
        *(arrays.times(columns[at]) for at in range(10, 13)),
    )
    db.defer(_STEPS, values)


def waits(rows: Sequence[WaitRow]) -> None:
    """Begin to wait."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        arrays.texts(columns[1]),
        arrays.uuids(columns[2]),
        *(arrays.texts(columns[at]) for at in range(3, 8)),
        arrays.times(columns[8]),
    )
    db.defer(_WAITS, values)


def waits_over(keys: Sequence[tuple[UUID, str]]) -> None:
    """Wait no longer, by execution and path."""
    db.defer(_WAITS_OVER, _keys(keys))


def all_over(execution_ids: Sequence[UUID]) -> None:
    """Wait for nothing any more in these executions."""
    db.defer(_ALL_WAITS_OVER, (arrays.uuids(execution_ids),))


def signals_over(execution_ids: Sequence[UUID]) -> None:
    """Forget what was kept for executions that end."""
    db.defer(_SIGNALS_OVER, (arrays.uuids(execution_ids),))


def signals(execution_ids: Iterable[UUID]) -> list[tuple[UUID, UUID, str, str]]:
    """Id, execution, name and JSON of signals that came early, the oldest of a name first."""
    return db.execute_sql(_SIGNALS, (arrays.uuids(execution_ids),)).fetchall()  # type: ignore[no-any-return]


def take_signals(ids: Iterable[UUID]) -> None:
    """Forget signals that found their wait."""
    db.defer(_SIGNALS_TAKEN, (arrays.uuids(ids),))


def lines(rows: Sequence[LogRow]) -> None:
    """Add to the log."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        arrays.uuids(columns[1]),
        arrays.times(columns[2]),
        arrays.uuids(columns[3]),
        arrays.texts(columns[4]),
        arrays.plain(columns[5]),
        arrays.texts(columns[6]),
        arrays.texts(columns[7]),
        arrays.texts(columns[8]),
        arrays.times(columns[9]),
    )
    db.defer(_LINES, values)


def end(rows: Sequence[EndedRow]) -> None:
    """Have held executions be finished."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        *(arrays.texts(columns[at]) for at in range(1, 4)),
        arrays.times(columns[4]),
        arrays.times(columns[5]),
    )
    db.defer(_END, values)


def release(rests: Sequence[tuple[UUID, str, datetime | None]], *, now: datetime) -> None:
    """Let go of held executions, each with its state and when it is due; None is when something comes."""
    ids, states, times = zip(*rests, strict=True)
    db.defer(_RELEASE, (now, arrays.uuids(ids), arrays.plain(states), arrays.times(times)))


def approvals_over(rows: Sequence[tuple[UUID, str, str]], *, now: datetime) -> None:
    """Close approvals that nobody decided, by execution, path and their state from now on."""
    ids, paths, states = zip(*rows, strict=True)
    db.defer(_APPROVALS_OVER, (now, arrays.uuids(ids), arrays.texts(paths), arrays.plain(states)))


def children(keys: Sequence[tuple[UUID, str]]) -> list[UUID]:
    """The open children that steps began, by execution and path."""
    return [child for (child,) in db.execute_sql(_CHILDREN, _keys(keys)).fetchall()]


def count(rows: Sequence[DayRow]) -> None:
    """Add to the counts by day."""
    columns = list(zip(*rows, strict=True))
    values = (
        arrays.uuids(columns[0]),
        arrays.plain(columns[1]),
        arrays.uuids(columns[2]),
        *(arrays.plain(columns[at]) for at in range(3, 7)),
        arrays.texts(arrays.plain(latencies) for latencies in columns[7]),
    )
    db.defer(_COUNT, values)


def cache(rows: Sequence[CacheRow]) -> None:
    """Keep outputs of steps; the last of a key counts."""
    latest = {(row.workspace_id, row.key): row for row in rows}
    columns: list[Any] = list(zip(*latest.values(), strict=True))
    values = (arrays.uuids(columns[0]), arrays.blobs(columns[1]), arrays.texts(columns[2]), arrays.times(columns[3]))
    db.defer(_CACHE, values)


def _keys(keys: Sequence[tuple[UUID, str]]) -> tuple[str, str]:
    ids, paths = zip(*keys, strict=True)
    return arrays.uuids(ids), arrays.texts(paths)
