"""Cancelling and retrying all executions that a filter lets through: some at a time, as jobs that follow one another.

A job and its successor are one transaction, so a crash loses nothing and does nothing twice. The moment of the call
bounds what is meant: executions that are created meanwhile are not touched.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from server.core import clock, ids, jobs
from server.core.call import Call
from server.core.errors import FieldViolation, InvalidArgument, NotFound
from server.workflows.convert import times
from server.workflows.queries import executions as queries
from server.workflows.queries.executions import FINISHED_STATES, OPEN_STATES, Wanted
from server.workflows.service import executions, journal, poking, retrying
from userdata.jobs.v1.workflows_pb2 import CancelExecutions, RetryExecutions

#: Executions of one job.
BATCH: Final = 200
#: A call counts no further.
MOST_COUNTED: Final = 10_000
_OPEN: Final = frozenset(OPEN_STATES)
_RETRYABLE: Final = frozenset(FINISHED_STATES) - {"SUCCEEDED"}


def cancel(caller: Call, text: str, *, reason: str, validate_only: bool) -> int:
    """How many executions are to be cancelled, at most one more than MOST_COUNTED. Raises FilterInvalid."""
    wanted = _wanted(text, _OPEN)
    if not validate_only:
        jobs.enqueue(
            CancelExecutions(
                workspace_id=ids.encode("ws", caller.workspace),
                filter=text,
                reason=reason,
                actor=caller.actor,
                before=clock.now(),
            )
        )
    return _count(caller.workspace, wanted)


def retry(caller: Call, text: str, *, validate_only: bool) -> int:
    """How many executions are to be retried, at most one more than MOST_COUNTED. Raises FilterInvalid."""
    wanted = _wanted(text, _RETRYABLE)
    if not validate_only:
        jobs.enqueue(
            RetryExecutions(
                workspace_id=ids.encode("ws", caller.workspace), filter=text, actor=caller.actor, before=clock.now()
            )
        )
    return _count(caller.workspace, wanted)


def _wanted(text: str, states: frozenset[str]) -> Wanted:
    if not text.strip():
        raise InvalidArgument(violations=[FieldViolation("filter", "must name at least one condition")])
    wanted = executions.read_filter(text)
    return replace(wanted, states=wanted.states & states)


def _count(workspace_id: UUID, wanted: Wanted) -> int:
    return len(queries.ids_of(workspace_id, wanted=wanted, after=None, limit=MOST_COUNTED + 1))


def go_on_cancelling(workspace_id: UUID, job: CancelExecutions) -> None:
    """Cancel some executions, and enqueue the rest."""
    found = _next(workspace_id, job, _OPEN)
    cancelled = poking.cancel(found, reason=job.reason) if found else []
    for execution_id in cancelled:
        journal.note(
            workspace_id, execution_id, journal.CANCEL, "Somebody asked for it to be cancelled.", actor=job.actor
        )
    _follow(job, found)


def go_on_retrying(workspace_id: UUID, job: RetryExecutions) -> None:
    """Retry some executions, and enqueue the rest."""
    found = _next(workspace_id, job, _RETRYABLE)
    # In the order of their slots, so that two such jobs never wait for each other.
    rows = [row for execution_id in found if (row := queries.get(workspace_id, execution_id)) is not None]
    for row in sorted(rows, key=lambda row: (row.workflow_id, row.concurrency_key or "", row.id)):
        try:
            if row.state in _RETRYABLE:
                retrying.reopen(row, actor=job.actor)
        except NotFound:
            # Its workflow is gone for good.
            continue
    _follow(job, found)


def _next(workspace_id: UUID, job: CancelExecutions | RetryExecutions, states: frozenset[str]) -> list[UUID]:
    wanted = _wanted(job.filter, states)
    wanted = replace(wanted, before=min(wanted.before, times.moment(job.before)))
    after = ids.decode("exe", job.after_execution_id) if job.after_execution_id else None
    return queries.ids_of(workspace_id, wanted=wanted, after=after, limit=BATCH)


def _follow(job: CancelExecutions | RetryExecutions, found: list[UUID]) -> None:
    if len(found) == BATCH:
        job.after_execution_id = ids.encode("exe", found[-1])
        jobs.enqueue(job)
