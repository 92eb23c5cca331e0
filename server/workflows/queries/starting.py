"""The statements of starting: what keeps two starts apart, and the rows that they make, one statement for all of them.

Whoever starts or ends executions of a key holds the slot of the key first, before the row of any execution. Keys and
slots are taken in their order, so that nobody waits crosswise.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.workflows.models import OpenExecution

#: A workflow and a key of its executions.
Key = tuple[UUID, str]


class Opened(NamedTuple):
    """A row of `workflow_open_execution` at its start. `cause`, `input` and `labels` are JSON."""

    id: UUID
    create_time: datetime
    workspace_id: UUID
    workflow_id: UUID
    version: int
    state: str
    priority: int
    trigger: str
    cause: str
    input: str
    labels: str
    concurrency_key: str | None
    parent_id: UUID | None
    parent_path: str | None
    depth: int
    forked_from: UUID | None
    actor: str
    trace_parent: str
    due_time: datetime
    timeout_time: datetime
    cancel_time: datetime | None
    cancel_reason: str


class Taken(NamedTuple):
    """What is in a slot: how many executions go on, and whether others wait for it."""

    going: int
    is_queued: bool


#: How each column of Opened goes to the database: the type of its array, and what it is there.
_COLUMNS: Final = {
    "id": "uuid",
    "create_time": "timestamptz",
    "workspace_id": "uuid",
    "workflow_id": "uuid",
    "version": "integer",
    "state": "text",
    "priority": "smallint",
    "trigger": "text",
    "cause": "jsonb",
    "input": "jsonb",
    "labels": "jsonb",
    "concurrency_key": "text",
    "parent_id": "uuid",
    "parent_path": "text",
    "depth": "smallint",
    "forked_from": "uuid",
    "actor": "text",
    "trace_parent": "text",
    "due_time": "timestamptz",
    "timeout_time": "timestamptz",
    "cancel_time": "timestamptz",
    "cancel_reason": "text",
}
_NAMES: Final = ", ".join(_COLUMNS)
_ARRAYS: Final = ", ".join(f"%s::{kind}[]" for kind in _COLUMNS.values())
_TEXT_OF: Final[dict[str, Callable[[Iterable[Any]], str]]] = {
    "uuid": arrays.uuids,
    "timestamptz": arrays.times,
    "text": arrays.texts,
    "jsonb": arrays.texts,
    "integer": arrays.plain,
    "smallint": arrays.plain,
}
_FINISHED: Final = [name for name in _COLUMNS if name not in ("due_time", "timeout_time", "cancel_time", "state")]

_OPEN: Final = Statement(f"""
    INSERT INTO workflow_open_execution ({_NAMES}, generation, ready_time, update_time, poked, pause, revision)
    SELECT new.*, 1, present.now, present.now, new.cancel_time IS NOT NULL, false, 1
    FROM (SELECT %s::timestamptz AS now) present, unnest({_ARRAYS}) AS new ({_NAMES})
""")  # noqa: S608 - names of columns

_REFUSE: Final = Statement(f"""
    INSERT INTO workflow_execution ({", ".join(_FINISHED)}, state, generation, end_time, error, expire_time, revision)
    SELECT {", ".join(_FINISHED)}, 'FAILED', 1, present.now, refused.error, refused.expire_time, 1
    FROM (SELECT %s::timestamptz AS now) present, unnest({_ARRAYS}, %s::jsonb[], %s::timestamptz[])
        AS refused ({_NAMES}, error, expire_time)
""")  # noqa: S608 - as above

_CLAIM: Final = Statement("""
    INSERT INTO workflow_start_key AS former (workflow_id, key, workspace_id, execution_id, create_time)
    SELECT new.*, present.now FROM (SELECT %s::timestamptz AS now) present,
        unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[]) AS new (workflow_id, key, workspace_id, execution_id)
    ON CONFLICT (workflow_id, key) DO UPDATE
        SET execution_id = EXCLUDED.execution_id, create_time = EXCLUDED.create_time
        WHERE former.create_time <= %s
    RETURNING workflow_id, key
""")

_LED_TO: Final = Statement("""
    SELECT found.workflow_id, found.key, found.execution_id
    FROM unnest(%s::uuid[], %s::text[]) AS wanted (workflow_id, key)
    CROSS JOIN LATERAL (
        SELECT * FROM workflow_start_key
        WHERE workflow_id = wanted.workflow_id AND key = wanted.key OFFSET 0
    ) found
""")

# The row is made or held, whichever is due, and nobody can take it away between. That a full bucket was full at some
# moment of the past is all the same to the rate, and tells those who look for unused slots that this one is used.
_HOLD: Final = Statement("""
    INSERT INTO workflow_slot AS held (workflow_id, key, workspace_id, rate_time, capacity)
    SELECT new.workflow_id, new.key, new.workspace_id, present.now, new.capacity
    FROM (SELECT %s::timestamptz AS now) present,
        unnest(%s::uuid[], %s::text[], %s::uuid[], %s::integer[]) AS new (workflow_id, key, workspace_id, capacity)
    ON CONFLICT (workflow_id, key) DO UPDATE SET
        capacity = COALESCE(EXCLUDED.capacity, held.capacity), rate_time = GREATEST(held.rate_time, EXCLUDED.rate_time)
    RETURNING workflow_id, key, rate_time
""")

_SET_RATES: Final = Statement("""
    UPDATE workflow_slot slot SET rate_time = new.rate_time
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS new (workflow_id, key, rate_time)
    WHERE slot.workflow_id = new.workflow_id AND slot.key = new.key
""")

#: One that is cancelled before it began never begins: it takes no place.
_GOING: Final = "(open.cancel_time IS NULL OR open.start_time IS NOT NULL)"
_OF_SLOT: Final = "open.workflow_id = slot.workflow_id AND open.concurrency_key = slot.key"

_TAKEN: Final = Statement(f"""
    SELECT slot.workflow_id, slot.key, going.count,
        EXISTS (SELECT FROM workflow_open_execution open WHERE {_OF_SLOT} AND open.state = 'QUEUED')
    FROM unnest(%s::uuid[], %s::text[]) AS slot (workflow_id, key)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM workflow_open_execution open
        WHERE {_OF_SLOT} AND open.state <> 'QUEUED' AND {_GOING} OFFSET 0
    ) going
""")  # noqa: S608 - conditions of our own

_PROMOTE: Final = Statement(f"""
    WITH slot AS (
        SELECT workflow_id, key, capacity FROM unnest(%s::uuid[], %s::text[]) AS wanted (workflow_id, key)
        CROSS JOIN LATERAL (
            SELECT capacity FROM workflow_slot
            WHERE workflow_id = wanted.workflow_id AND key = wanted.key AND capacity IS NOT NULL OFFSET 0
        ) found
    ),
    next AS (
        SELECT first.id FROM slot
        CROSS JOIN LATERAL (
            SELECT count(*) AS count FROM workflow_open_execution open
            WHERE {_OF_SLOT} AND open.state <> 'QUEUED' AND {_GOING} OFFSET 0
        ) going
        CROSS JOIN LATERAL (
            SELECT id FROM workflow_open_execution open WHERE {_OF_SLOT} AND open.state = 'QUEUED'
            ORDER BY open.priority, open.id LIMIT greatest(slot.capacity - going.count, 0) FOR NO KEY UPDATE
        ) first
    )
    UPDATE workflow_open_execution open SET ready_time = present.now, update_time = present.now,
        state = CASE WHEN open.pause THEN 'PAUSED' WHEN open.due_time > present.now THEN 'WAITING' ELSE 'READY' END
    FROM (SELECT %s::timestamptz AS now) present, next WHERE open.id = next.id
    RETURNING open.id
""")  # noqa: S608 - as above


def claim_keys(keys: Sequence[tuple[UUID, str, UUID, UUID]], *, now: datetime, over: datetime) -> dict[Key, UUID]:
    """Have idempotency keys lead to executions; gives those that lead to another one already.

    A key is its workflow, its text, workspace and execution, in the order of the first two and each once. Keys of
    before `over` are free again. Waits for whoever claims one of them at this moment.
    """
    workflows, texts, workspaces, executions = zip(*keys, strict=True)
    names = (arrays.uuids(workflows), arrays.texts(texts))
    values = (now, *names, arrays.uuids(workspaces), arrays.uuids(executions), over)
    fresh = set(db.execute_sql(_CLAIM, values).fetchall())
    former = [(workflow, text) for workflow, text, _, _ in keys if (workflow, text) not in fresh]
    if not former:
        return {}
    found = db.execute_sql(_LED_TO, _arrays_of(former)).fetchall()
    return {(workflow, text): execution for workflow, text, execution in found}


def hold(slots: Sequence[tuple[UUID, str, UUID, int | None]], *, now: datetime) -> dict[Key, datetime]:
    """Hold slots until the transaction ends, made if need be; gives when the bucket of each is full again.

    A slot is its workflow, key, workspace, and how many executions may go on at a time, None to leave that as it is; in
    the order of the first two and each once.
    """
    workflows, keys, workspaces, capacities = zip(*slots, strict=True)
    names = (arrays.uuids(workflows), arrays.texts(keys), arrays.uuids(workspaces))
    rows = db.execute_sql(_HOLD, (now, *names, arrays.plain(capacities))).fetchall()
    return {(workflow, key): rate_time for workflow, key, rate_time in rows}


def set_rates(rates: Sequence[tuple[Key, datetime]]) -> None:
    """Write down when the buckets of held slots are full again."""
    keys, times = zip(*rates, strict=True)
    db.execute_sql(_SET_RATES, (*_arrays_of(keys), arrays.times(times)))


def taken(slots: Collection[Key]) -> dict[Key, Taken]:
    """Who takes places of held slots."""
    rows = db.execute_sql(_TAKEN, _arrays_of(slots)).fetchall()
    return {(workflow, key): Taken(*rest) for workflow, key, *rest in rows}


def staying(slot: Key, *, limit: int) -> list[UUID]:
    """The executions of a held slot that nobody cancelled, at most `limit`: first those that go on, oldest first."""
    found: list[UUID] = []
    of_slot = (OpenExecution.workflow_id == slot[0]) & (OpenExecution.concurrency_key == slot[1])
    for condition, order in (
        (OpenExecution.state != "QUEUED", (OpenExecution.id,)),
        (OpenExecution.state == "QUEUED", (OpenExecution.priority, OpenExecution.id)),
    ):
        chosen: Any = OpenExecution.select(OpenExecution.id).where(
            of_slot & condition & OpenExecution.cancel_time.is_null()
        )
        found += [row_id for (row_id,) in chosen.order_by(*order).limit(limit - len(found)).tuples()]
    return found


def promote(slots: Collection[Key], *, now: datetime) -> list[UUID]:
    """Let QUEUED executions of held slots go, as many as there is room for; gives them."""
    rows = db.execute_sql(_PROMOTE, (*_arrays_of(slots), now)).fetchall()
    return [execution_id for (execution_id,) in rows]


def open_all(rows: Sequence[Opened], *, now: datetime) -> None:
    """Insert executions that go on, with the next statement or the commit."""
    db.defer(_OPEN, (now, *_columns(rows)))


def refuse_all(rows: Sequence[tuple[Opened, str, datetime | None]], *, now: datetime) -> None:
    """Insert executions that failed before they began, each with its error as JSON and when it may be forgotten."""
    opened, errors, times = zip(*rows, strict=True)
    db.execute_sql(_REFUSE, (now, *_columns(opened), arrays.texts(errors), arrays.times(times)))


def _arrays_of(keys: Iterable[Key]) -> tuple[str, str]:
    workflows, texts = zip(*keys, strict=True)
    return arrays.uuids(workflows), arrays.texts(texts)


def _columns(rows: Sequence[Opened]) -> list[str]:
    columns = zip(*rows, strict=True)
    return [_TEXT_OF[kind](values) for kind, values in zip(_COLUMNS.values(), columns, strict=True)]
