"""What comes to an open execution from outside: an answer to a wait, or a wish to cancel, pause or go on.

Whoever brings it holds the execution's row first (`hold`), in the order of ids, and looks at its waits afterwards. The
runner writes under the same lock, so a wait that it has just begun is seen, and one that is over is not answered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.workflows.models import Wait

#: The channel on which a commit tells the runners that something may go on.
CHANNEL: Final = "workflow"


class Held(NamedTuple):
    """An open execution whose row is ours until the transaction ends."""

    id: UUID
    workspace_id: UUID
    state: str
    pause: bool
    cancel_time: datetime | None


_HOLD: Final = Statement("""
    SELECT id, workspace_id, state, pause, cancel_time FROM workflow_open_execution WHERE id = ANY (%s::uuid[])
    ORDER BY id FOR NO KEY UPDATE
""")

_ANSWER: Final = Statement("""
    UPDATE workflow_wait wait SET resolution = answer.resolution::jsonb
    FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS answer (execution_id, path, resolution)
    WHERE wait.execution_id = answer.execution_id AND wait.path = answer.path AND wait.resolution IS NULL
    RETURNING wait.execution_id, wait.path
""")

# One that has not started yet waits for its turn, which no answer brings nearer.
_WAKE: Final = Statement("""
    UPDATE workflow_open_execution SET poked = true,
        state = CASE WHEN state = 'WAITING' AND start_time IS NOT NULL THEN 'READY' ELSE state END,
        ready_time = CASE WHEN state = 'WAITING' THEN %s ELSE ready_time END
    WHERE id = ANY (%s::uuid[])
""")

_CANCEL: Final = Statement("""
    UPDATE workflow_open_execution SET poked = true, pause = false, cancel_time = now, cancel_reason = reason,
        state = CASE WHEN state = 'RUNNING' THEN state ELSE 'READY' END,
        ready_time = CASE WHEN state = 'RUNNING' THEN ready_time ELSE now END,
        update_time = now, revision = revision + 1
    FROM (SELECT %s::timestamptz AS now, %s AS reason) wish
    WHERE id = ANY (%s::uuid[]) AND cancel_time IS NULL
    RETURNING id
""")

_PAUSE: Final = Statement("""
    UPDATE workflow_open_execution SET poked = true, pause = true,
        state = CASE WHEN state IN ('READY', 'WAITING') THEN 'PAUSED' ELSE state END,
        update_time = %s, revision = revision + 1
    WHERE id = ANY (%s::uuid[]) AND NOT pause AND cancel_time IS NULL
    RETURNING id
""")

_RESUME: Final = Statement("""
    UPDATE workflow_open_execution SET poked = true, pause = false,
        state = CASE WHEN state <> 'PAUSED' THEN state
            WHEN start_time IS NULL AND due_time > now AND due_time < 'infinity' THEN 'WAITING' ELSE 'READY' END,
        ready_time = CASE WHEN state = 'PAUSED' THEN now ELSE ready_time END,
        update_time = now, revision = revision + 1
    FROM (SELECT %s::timestamptz AS now) wish
    WHERE id = ANY (%s::uuid[]) AND pause
    RETURNING id
""")


def hold(workspace_id: UUID, execution_id: UUID) -> Held | None:
    """The open execution, held; None when it is finished or not there."""
    found = hold_all([execution_id])
    return found[0] if found and found[0].workspace_id == workspace_id else None


def hold_all(execution_ids: Iterable[UUID]) -> list[Held]:
    """Those that are open, held; for a worker of any workspace."""
    return [Held._make(row) for row in db.execute_sql(_HOLD, (arrays.uuids(execution_ids),)).fetchall()]


def waits(workspace_id: UUID, execution_id: UUID, *, kind: str, name: str | None = None) -> list[str]:
    """The paths of waits of the kind that nothing came for yet, oldest first; of all names when none is given."""
    query: Any = Wait.select(Wait.path).where(
        (Wait.execution_id == execution_id)
        & (Wait.workspace_id == workspace_id)
        & (Wait.kind == kind)
        & Wait.resolution.is_null()
    )
    if name is not None:
        query = query.where(Wait.name == name)
    return [path for (path,) in query.order_by(Wait.create_time, Wait.path).tuples()]


def answer(answers: Sequence[tuple[UUID, str, str]]) -> set[tuple[UUID, str]]:
    """Answer waits of held executions, each by execution, path and JSON; gives those that nothing had come for."""
    executions, paths, resolutions = zip(*answers, strict=True)
    values = (arrays.uuids(executions), arrays.texts(paths), arrays.texts(resolutions))
    return {(execution, path) for execution, path in db.execute_sql(_ANSWER, values).fetchall()}


def wake(execution_ids: Iterable[UUID], *, now: datetime) -> None:
    """Have held executions go on that waited, and runners look again at those that they run."""
    db.execute_sql(_WAKE, (now, arrays.uuids(execution_ids)))


def cancel(execution_ids: Iterable[UUID], *, reason: str, now: datetime) -> list[UUID]:
    """Wish for the end of held executions; gives those for which nobody had."""
    return _ids(_CANCEL, (now, reason, arrays.uuids(execution_ids)))


def pause(execution_ids: Iterable[UUID], *, now: datetime) -> list[UUID]:
    """Wish for a rest of held executions; gives those that were to go on and are not being cancelled."""
    return _ids(_PAUSE, (now, arrays.uuids(execution_ids)))


def resume(execution_ids: Iterable[UUID], *, now: datetime) -> list[UUID]:
    """Have held executions go on; gives those that were to rest."""
    return _ids(_RESUME, (now, arrays.uuids(execution_ids)))


def _ids(statement: Statement, values: tuple[Any, ...]) -> list[UUID]:
    return [execution_id for (execution_id,) in db.execute_sql(statement, values).fetchall()]
