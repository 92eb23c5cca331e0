"""Telling an open execution something from outside. All of it is part of the caller's transaction.

What is told is durable with it; a runner goes on with the execution once it is committed, within milliseconds.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from server.core import clock, structs
from server.core.db import db
from server.core.waking import Waker
from server.workflows.models import Signal
from server.workflows.queries import poking as queries

#: Wakes the runners after a commit that gives them work.
WAKER: Final = Waker(queries.CHANNEL)


def wake_runners() -> None:
    """Have the runners look for what may go on, once the present transaction is committed."""
    db.after_commit(WAKER.wake)


def resolve(workspace_id: UUID, execution_id: UUID, path: str, resolution: Any) -> bool:
    """Answer the wait at `path` with JSON; False when it is over, was answered, or never was.

    Whoever also writes what led to the answer (an approval's state) calls `queries.poking.hold` before.
    """
    if queries.hold(workspace_id, execution_id) is None:
        return False
    return bool(resolve_held([(execution_id, path, resolution)]))


def resolve_held(answers: Sequence[tuple[UUID, str, Any]]) -> set[tuple[UUID, str]]:
    """Answer waits of executions that are held; each is execution, path and JSON. Gives those that were answered."""
    answered = queries.answer([(execution, path, structs.dumps(value)) for execution, path, value in answers])
    if answered:
        queries.wake(sorted({execution for execution, _ in answered}), now=clock.now())
        wake_runners()
    return answered


def signal(workspace_id: UUID, execution_id: UUID, name: str, payload: Any) -> bool:
    """Give a signal to the step that has waited for it longest, or keep it for the next that does.

    False when the execution is finished or not there.
    """
    if queries.hold(workspace_id, execution_id) is None:
        return False
    paths = queries.waits(workspace_id, execution_id, kind="SIGNAL", name=name)
    if paths:
        resolve_held([(execution_id, paths[0], payload)])
    else:
        Signal.insert(execution_id=execution_id, workspace_id=workspace_id, name=name, payload=payload).execute()
    return True


def cancel(execution_ids: Iterable[UUID], *, reason: str) -> list[UUID]:
    """Have open executions of the present workspace end as CANCELLED; gives those that were not about to already.

    Their children are cancelled when they are.
    """
    held = [one.id for one in queries.hold_all(execution_ids)]
    return _told(queries.cancel(held, reason=reason, now=clock.now()) if held else [])


def pause(execution_ids: Iterable[UUID]) -> list[UUID]:
    """Have open executions of the present workspace rest once their running steps are over; gives those that will."""
    held = [one.id for one in queries.hold_all(execution_ids)]
    return _told(queries.pause(held, now=clock.now()) if held else [])


def resume(execution_ids: Iterable[UUID]) -> list[UUID]:
    """Have executions of the present workspace that rest, or are about to, go on; gives them."""
    held = [one.id for one in queries.hold_all(execution_ids)]
    return _told(queries.resume(held, now=clock.now()) if held else [])


def _told(execution_ids: list[UUID]) -> list[UUID]:
    if execution_ids:
        wake_runners()
    return execution_ids
