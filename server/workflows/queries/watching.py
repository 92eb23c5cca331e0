"""What streams of executions ask: whether something is new of any that is watched, and what is new of one."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays, ids
from server.core.db import Statement, db
from server.workflows.queries.history import StepRow

#: Runs a statement over a connection of its own, which sees every workspace.
Run = Callable[[str, Sequence[Any]], Sequence[tuple[Any, ...]]]

#: A larger output is left out of a stream.
LARGEST_OUTPUT: Final = 64 * 1024

# Records are only ever added, and a wait that ends raises the revision when its execution rests or ends.
_PULSES: Final = """
    SELECT watched.id, COALESCE(open.state, 'ENDED'), COALESCE(open.revision, 0), steps.count, line.id
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS watched (id, create_time)
    LEFT JOIN LATERAL (
        SELECT state, revision FROM workflow_open_execution WHERE id = watched.id OFFSET 0
    ) open ON true
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE status = 'WAITING') * 1000000 + count(*) AS count FROM workflow_step
        WHERE execution_id = watched.id AND execution_time = watched.create_time OFFSET 0
    ) steps
    LEFT JOIN LATERAL (
        SELECT id FROM workflow_log WHERE execution_id = watched.id AND execution_time = watched.create_time
        ORDER BY id DESC LIMIT 1
    ) line ON true
"""

_CHANGES: Final = Statement("""
    SELECT COALESCE(end_time, start_time), path, generation, attempt, type, status,
        CASE WHEN pg_column_size(output) <= %s AND length(output::text) <= %s THEN output::text END,
        error::text, NULLIF(due_time, 'infinity'), start_time, end_time
    FROM workflow_step
    WHERE workspace_id = %s AND execution_id = %s AND execution_time = %s
        AND (COALESCE(end_time, start_time), path, generation, attempt) > (%s, %s, %s, %s)
    ORDER BY COALESCE(end_time, start_time), path, generation, attempt LIMIT %s
""")


class Pulse(NamedTuple):
    """What differs when something is new of an execution."""

    id: UUID
    state: str
    revision: int
    steps: int
    line: UUID | None


class Mark(NamedTuple):
    """A place among an execution's attempts and waits, by when each ended or, of a wait, began."""

    time: datetime
    path: str = ""
    generation: int = 0
    attempt: int = 0


def pulses(execute: Run, execution_ids: Collection[UUID]) -> list[Pulse]:
    """The pulses of executions of any workspaces."""
    chosen = list(execution_ids)
    values = (arrays.uuids(chosen), arrays.times(ids.time_of(each) for each in chosen))
    return [Pulse._make(row) for row in execute(_PULSES, values)]


def changes(workspace_id: UUID, execution_id: UUID, *, after: Mark, limit: int) -> list[tuple[Mark, StepRow]]:
    """Attempts and waits after a mark, each with its own; large outputs are left out."""
    values = (LARGEST_OUTPUT, LARGEST_OUTPUT, workspace_id, execution_id, ids.time_of(execution_id), *after, limit)
    return [
        (Mark(row[0], row[1], row[2], row[3]), StepRow._make(row[1:]))
        for row in db.execute_sql(_CHANGES, values).fetchall()
    ]
