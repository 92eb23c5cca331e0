"""Which executions go next, and to which runner. All of it is for runners, which work for every workspace at once.

An execution is claimed by a fresh id, the fence: a runner that was taken for dead writes nothing under its old claim.
Runners' leases are told by the clock of the database, so that all of them mean the same moment.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.workflows.models import Runner

#: A generic plan of each statement, which looks up by index whatever the statistics say: they are of another hour, and
#: a queue has a million rows in one hour and none in the next.
PLANS: Final = (
    "SET LOCAL plan_cache_mode=force_generic_plan;SET LOCAL enable_hashjoin=off;SET LOCAL enable_mergejoin=off;"
    "SET LOCAL enable_seqscan=off;"
)
#: A claim that a crash of the database takes back is made again, and its fence keeps the first one out.
UNFLUSHED: Final = "SET LOCAL synchronous_commit=off;"


class ClaimedRow(NamedTuple):
    """An open execution that is ours. `is_new` tells that nothing is recorded of it.

    `cause`, `input` and `labels` are JSON.
    """

    id: UUID
    create_time: datetime
    workspace_id: UUID
    workflow_id: UUID
    version: int
    trigger: str
    cause: str
    input: str
    labels: str
    concurrency_key: str | None
    parent_id: UUID | None
    parent_path: str | None
    depth: int
    generation: int
    actor: str
    trace_parent: str
    timeout_time: datetime
    start_time: datetime | None
    cancel_time: datetime | None
    pause: bool
    ready_time: datetime
    is_new: bool


_REGISTER: Final = Statement("""
    INSERT INTO workflow_runner (id, lease_time) VALUES (%s, now() + make_interval(secs => %s))
""")

_BEAT: Final = Statement("""
    UPDATE workflow_runner SET lease_time = now() + make_interval(secs => %s) WHERE id = %s
""")

# A runner that is only late and beats in this moment waits for the row, finds it gone, and begins anew.
_BURY: Final = Statement("DELETE FROM workflow_runner WHERE lease_time <= now()")

_SWEEP: Final = Statement("""
    WITH RECURSIVE holder (runner_id) AS (
        (SELECT runner_id FROM workflow_open_execution WHERE runner_id IS NOT NULL ORDER BY runner_id LIMIT 1)
        UNION ALL
        SELECT next.runner_id FROM holder CROSS JOIN LATERAL (
            SELECT runner_id FROM workflow_open_execution WHERE runner_id > holder.runner_id ORDER BY runner_id LIMIT 1
        ) next
    ),
    orphan AS (
        SELECT open.id FROM holder CROSS JOIN LATERAL (
            SELECT id FROM workflow_open_execution WHERE runner_id = holder.runner_id LIMIT %s
            FOR NO KEY UPDATE SKIP LOCKED
        ) open
        WHERE NOT EXISTS (SELECT FROM workflow_runner runner WHERE runner.id = holder.runner_id)
    )
    UPDATE workflow_open_execution open SET state = 'READY', runner_id = NULL, claim = NULL
    FROM orphan WHERE open.id = orphan.id
""")

_FIRE: Final = Statement("""
    WITH due AS (
        SELECT id FROM workflow_open_execution WHERE state = 'WAITING' AND due_time <= %s AND due_time < 'infinity'
        ORDER BY due_time LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE workflow_open_execution open SET state = 'READY', ready_time = open.due_time
    FROM due WHERE open.id = due.id
""")

# The workspaces are found one after the other by the index, however many executions each of them has. A runner whose
# lease is over takes nothing. One that was cancelled before it started never does.
_CLAIM: Final = Statement("""
    WITH RECURSIVE lane (workspace_id, number) AS (
        (SELECT workspace_id, 1 FROM workflow_open_execution
        WHERE state = 'READY' AND workspace_id > %s
            AND EXISTS (SELECT FROM workflow_runner WHERE id = %s AND lease_time > now())
        ORDER BY workspace_id LIMIT 1)
        UNION ALL
        SELECT next.workspace_id, number + 1 FROM lane CROSS JOIN LATERAL (
            SELECT workspace_id FROM workflow_open_execution
            WHERE state = 'READY' AND workspace_id > lane.workspace_id ORDER BY workspace_id LIMIT 1
        ) next
        WHERE number < %s
    ),
    taken AS (
        SELECT due.* FROM (SELECT workspace_id, greatest(%s / count(*) OVER (), 1) AS room FROM lane) part
        CROSS JOIN LATERAL (
            SELECT id, start_time, ready_time FROM workflow_open_execution
            WHERE state = 'READY' AND workspace_id = part.workspace_id
            ORDER BY priority, ready_time LIMIT part.room FOR NO KEY UPDATE SKIP LOCKED
        ) due
    )
    UPDATE workflow_open_execution open SET state = 'RUNNING', runner_id = claim.runner_id, claim = claim.id,
        poked = false, update_time = claim.now,
        start_time = CASE WHEN open.cancel_time IS NULL OR open.start_time IS NOT NULL
            THEN COALESCE(open.start_time, claim.now) END
    FROM taken, (SELECT %s::uuid AS runner_id, %s::uuid AS id, %s::timestamptz AS now) claim
    WHERE open.id = taken.id
    RETURNING open.id, open.create_time, open.workspace_id, open.workflow_id, open.version, open.trigger,
        open.cause::text, open.input::text, open.labels::text, open.concurrency_key,
        open.parent_id, open.parent_path, open.depth, open.generation, open.actor,
        open.trace_parent, open.timeout_time, open.start_time, open.cancel_time,
        open.pause, taken.ready_time, taken.start_time IS NULL AND open.forked_from IS NULL AND open.generation = 1
""")

_NEXT: Final = Statement("""
    SELECT min(due_time) FROM workflow_open_execution WHERE state = 'WAITING' AND due_time < 'infinity'
""")

_RETURN: Final = Statement("""
    UPDATE workflow_open_execution SET state = 'READY', runner_id = NULL, claim = NULL
    WHERE runner_id = %s AND claim = ANY (%s::uuid[]) AND id <> ALL (%s::uuid[])
""")

_GIVE_BACK: Final = Statement("""
    UPDATE workflow_open_execution SET state = 'READY', runner_id = NULL, claim = NULL WHERE runner_id = %s
""")


def register(runner_id: UUID, *, lease_seconds: float) -> None:
    """Tell that a runner is alive."""
    db.execute_sql(_REGISTER, (runner_id, lease_seconds))


def beat(runner_id: UUID, *, lease_seconds: float) -> bool:
    """Tell that it still is; False when it was taken for dead, and what it held is not its own any more."""
    return bool(db.execute_sql(_BEAT, (lease_seconds, runner_id)).rowcount)


def give_back(runner_id: UUID, claims: Iterable[UUID], *, but: Iterable[UUID]) -> int:
    """Let others have what the runner holds by these claims, except executions that it runs; gives how many."""
    values = (runner_id, arrays.uuids(claims), arrays.uuids(but))
    return int(db.execute_sql(_RETURN, values).rowcount)


def leave(runner_id: UUID) -> None:
    """Tell that a runner ends, and give what it holds to the others."""
    db.execute_sql(_GIVE_BACK, (runner_id,))
    Runner.delete().where(Runner.id == runner_id).execute()


def bury() -> int:
    """Forget the runners whose lease is over; gives how many."""
    return int(db.execute_sql(_BURY, ()).rowcount)


def sweep(limit: int) -> int:
    """Give back what dead runners held, at most `limit` of each; gives how many."""
    return int(db.execute_sql(_SWEEP, (limit,)).rowcount)


def fire(limit: int, *, now: datetime) -> int:
    """Have at most `limit` executions go on whose time to wait is over; gives how many."""
    return int(db.execute_sql(_FIRE, (now, limit)).rowcount)


def claim(runner_id: UUID, room: int, *, claim_id: UUID, after: UUID, lanes: int, now: datetime) -> list[ClaimedRow]:
    """Take about `room` executions that may go on, the same number of each of the next `lanes` workspaces.

    The first workspace is the one that follows `after`. Within one, the lower priority number goes first, then the
    one that is ready longest.
    """
    values = (after, runner_id, lanes, room, runner_id, claim_id, now)
    return [ClaimedRow._make(row) for row in db.execute_sql(_CLAIM, values).fetchall()]


def next_time() -> datetime | None:
    """When the next execution that waits for a time may go on; None when none does."""
    found: datetime | None = db.execute_sql(_NEXT, ()).fetchone()[0]
    return found
