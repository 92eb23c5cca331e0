"""The statements of triggers: who listens, what is due, and what they last started. For workers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays, ids
from server.core.db import Statement, db


class ArmedRow(NamedTuple):
    """A trigger that is not paused, with the names of its workflow and workspace."""

    workspace_id: UUID
    workflow_id: UUID
    key: str
    kind: str
    version: int
    event_type: str | None
    subject: str | None
    workflow_name: str
    slug: str
    workspace_name: str
    next_time: datetime | None
    last_execution_id: UUID | None


class Origin(NamedTuple):
    """An execution that led to an event: how many led to it, and its output as JSON."""

    depth: int
    output: str | None


class Outcome(NamedTuple):
    """What a trigger last started; `last_time` is None when it started nothing, `next_time` when it is never due."""

    workflow_id: UUID
    key: str
    last_time: datetime | None
    execution_id: UUID | None
    next_time: datetime | None


_COLUMNS: Final = """
    trigger.workspace_id, trigger.workflow_id, trigger.key, trigger.kind, trigger.version, trigger.event_type,
    trigger.subject, workflow.name, workspace.slug, workspace.name, trigger.next_time, trigger.last_execution_id
"""

_LISTENING: Final = Statement(f"""
    SELECT {_COLUMNS} FROM workflow_trigger trigger
    CROSS JOIN LATERAL (SELECT name FROM workflow WHERE id = trigger.workflow_id OFFSET 0) workflow
    CROSS JOIN LATERAL (
        SELECT slug, name FROM workspace WHERE id = trigger.workspace_id AND delete_time IS NULL OFFSET 0
    ) workspace
    WHERE trigger.workspace_id = ANY (%s::uuid[]) AND trigger.kind <> 'SCHEDULE' AND NOT trigger.paused
    ORDER BY trigger.workspace_id, trigger.workflow_id, trigger.key
""")  # noqa: S608 - columns of our own

# What is being edited is passed over: it comes a moment later.
_DUE: Final = Statement(f"""
    SELECT {_COLUMNS} FROM workflow_trigger trigger
    JOIN workflow ON workflow.id = trigger.workflow_id
    JOIN workspace ON workspace.id = trigger.workspace_id
    WHERE trigger.next_time <= %s AND trigger.next_time IS NOT NULL
    ORDER BY trigger.next_time LIMIT %s
    FOR UPDATE OF trigger SKIP LOCKED
""")  # noqa: S608 - as above

_NEXT: Final = Statement("SELECT min(next_time) FROM workflow_trigger WHERE next_time IS NOT NULL")

_FIRED: Final = Statement("""
    UPDATE workflow_trigger trigger SET last_time = new.last_time, last_execution_id = new.execution_id
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::uuid[])
        AS new (workflow_id, key, last_time, execution_id)
    WHERE trigger.workflow_id = new.workflow_id AND trigger.key = new.key
""")

_MOVED: Final = Statement("""
    UPDATE workflow_trigger trigger SET next_time = new.next_time,
        last_time = COALESCE(new.last_time, trigger.last_time),
        last_execution_id = COALESCE(new.execution_id, trigger.last_execution_id)
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::uuid[], %s::timestamptz[])
        AS new (workflow_id, key, last_time, execution_id, next_time)
    WHERE trigger.workflow_id = new.workflow_id AND trigger.key = new.key
""")

_OPEN: Final = Statement("SELECT id FROM workflow_open_execution WHERE id = ANY (%s::uuid[])")

_ORIGINS: Final = Statement("""
    SELECT found.id, found.depth, found.output
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::boolean[]) AS wanted (id, create_time, with_output)
    CROSS JOIN LATERAL (
        SELECT id, depth, CASE WHEN wanted.with_output THEN output::text END AS output FROM workflow_execution
        WHERE id = wanted.id AND create_time = wanted.create_time
        UNION ALL SELECT id, depth, NULL FROM workflow_open_execution WHERE id = wanted.id
        OFFSET 0
    ) found
""")


def listening(workspace_ids: Iterable[UUID]) -> list[ArmedRow]:
    """The triggers of workspaces that listen to events."""
    rows = db.execute_sql(_LISTENING, (arrays.uuids(workspace_ids),)).fetchall()
    return [ArmedRow._make(row) for row in rows]


def due(*, now: datetime, limit: int) -> list[ArmedRow]:
    """At most `limit` schedules that are due and that nobody else starts, held, those first that wait longest."""
    return [ArmedRow._make(row) for row in db.execute_sql(_DUE, (now, limit)).fetchall()]


def next_time() -> datetime | None:
    """When the next schedule is due."""
    row = db.execute_sql(_NEXT, ()).fetchone()
    return row[0]  # type: ignore[no-any-return]


def fired(outcomes: Sequence[Outcome]) -> None:
    """Write down what triggers last started; each of them once."""
    workflows, keys, times, executions, _ = zip(*outcomes, strict=True)
    values = (arrays.uuids(workflows), arrays.texts(keys), arrays.times(times), arrays.uuids(executions))
    db.execute_sql(_FIRED, values)


def moved(outcomes: Sequence[Outcome]) -> None:
    """Write down what held schedules started, and when each is due next."""
    workflows, keys, times, executions, nexts = zip(*outcomes, strict=True)
    values = (arrays.uuids(workflows), arrays.texts(keys), arrays.times(times), arrays.uuids(executions))
    db.execute_sql(_MOVED, (*values, arrays.times(nexts)))


def still_open(execution_ids: Collection[UUID]) -> set[UUID]:
    """Those of the executions that are not finished."""
    return {row[0] for row in db.execute_sql(_OPEN, (arrays.uuids(execution_ids),)).fetchall()}


def origins(wanted: Mapping[UUID, bool]) -> dict[UUID, Origin]:
    """The executions that are there; the value says whether the output is wanted."""
    if not wanted:
        return {}
    values = (arrays.uuids(wanted), arrays.times(ids.time_of(one) for one in wanted), arrays.plain(wanted.values()))
    return {row[0]: Origin(*row[1:]) for row in db.execute_sql(_ORIGINS, values).fetchall()}
