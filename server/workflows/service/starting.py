"""Starting executions, in the caller's transaction: what an event, a schedule, a call or a parent asks for.

Whatever is asked for leaves something that can be seen. A start that is refused (its input does not fit, its key has no
value, its place is taken) becomes an execution that FAILED before it began, and says why; a caller who would rather
raise rolls that back with the rest.

An idempotency key leads to the execution that it started first for 24 hours, like the keys of calls.

Concurrency: the row of the slot, of workflow and key, is held by whoever starts or ends an execution of it, before the
rows of executions. Who ends some calls `hold_slots` first and `release_slots` last. Rate: the generic cell rate
algorithm, whose bucket is as large as the limit; a start beyond it waits for its turn, at a moment of its own.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import call, clock, ids, structs
from server.workflows.queries import labels
from server.workflows.queries import starting as queries
from server.workflows.queries.starting import Key, Opened
from server.workflows.service import drafts, placing, refusing
from server.workflows.service.drafts import MOST_DEPTH, Draft, Start, Started
from server.workflows.service.loading import error_text
from server.workflows.service.poking import wake_runners

__all__ = ["MOST_DEPTH", "Start", "Started", "hold_slots", "release_slots", "start", "start_many"]

#: How long an idempotency key leads to what it started.
KEYS_LAST: Final = timedelta(hours=24)
#: How long an execution may take whose definition does not say.
LONGEST: Final = timedelta(days=366)
FAILED: Final = "FAILED"


def start(wanted: Start) -> Started:
    """Start one execution; as `start_many`."""
    return start_many([wanted])[0]


def start_many(wanted: Sequence[Start]) -> list[Started]:
    """Start executions of any workflows, in their order, with one statement for all of their rows.

    Costs one statement without keys, and a few for all the keys of the batch with them. Never raises for what a start
    asks for. Runners hear of it after the commit.
    """
    if not wanted:
        return []
    now = clock.now()
    all_of_them = [Draft(one, one.id or ids.new_at(now), now) for one in wanted]
    for draft in all_of_them:
        drafts.read(draft)
    _claim_keys(all_of_them, now)
    new = [draft for draft in all_of_them if draft.repeats is None]
    raised = placing.take(new, now)
    opened = [draft for draft in new if draft.error is None]
    if opened:
        rows = [_row(draft) for draft in opened]
        queries.open_all(rows, now=now)
        for draft, row in zip(opened, rows, strict=True):
            # A raised limit may let them go at once.
            draft.row = None if raised else row
        wake_runners()
    if raised:
        queries.promote(raised, now=now)
    refused = [draft for draft in new if draft.error is not None]
    if refused:
        queries.refuse_all([_refused(draft) for draft in refused], now=now)
        refusing.tell(refused, now)
    _add_labels(new)
    return [_started(draft) for draft in all_of_them]


def hold_slots(slots: Iterable[tuple[UUID, UUID, str]]) -> None:
    """Hold the slots of executions that are about to end: of each its workspace, workflow and concurrency key.

    To be called before their rows are locked: a start holds the slot first and the rows of others then.
    """
    chosen = sorted({(workflow, key, workspace, None) for workspace, workflow, key in slots})
    if chosen:
        queries.hold(chosen, now=clock.now())


def release_slots(slots: Iterable[tuple[UUID, str]]) -> list[UUID]:
    """Let QUEUED executions go in the places of those that ended, in the same transaction; gives them.

    A slot is workflow and concurrency key, and is held (`hold_slots`). To be called when the rows are deleted.
    """
    chosen = sorted(set(slots))
    promoted = queries.promote(chosen, now=clock.now()) if chosen else []
    if promoted:
        wake_runners()
    return promoted


def _claim_keys(wanted: Sequence[Draft], now: datetime) -> None:
    """Find which starts were made before, earlier in the batch too."""
    first: dict[Key, Draft] = {}
    for draft in wanted:
        if draft.idempotency_key is None:
            continue
        earlier = first.setdefault((draft.start.workflow_id, draft.idempotency_key), draft)
        draft.repeats = None if earlier is draft else earlier.id
    if not first:
        return
    keys = [
        (*key, draft.start.workspace_id, draft.id) for key, draft in sorted(first.items(), key=lambda item: item[0])
    ]
    former = queries.claim_keys(keys, now=now, over=now - KEYS_LAST)
    for draft in wanted:
        if draft.idempotency_key is not None:
            draft.repeats = former.get((draft.start.workflow_id, draft.idempotency_key), draft.repeats)


def _add_labels(drafts: Sequence[Draft]) -> None:
    rows = [
        (draft.start.workspace_id, key, value, draft.id, ids.time_of(draft.id))
        for draft in drafts
        for key, value in draft.start.labels.items()
    ]
    if rows:
        labels.add(rows)


def _row(draft: Draft) -> Opened:
    wanted, now = draft.start, draft.now
    definition, current = wanted.definition, call.current()
    seconds = definition.timeout
    timeout = wanted.timeout or (LONGEST if seconds is None else timedelta(seconds=seconds))
    return Opened(
        id=draft.id,
        create_time=ids.time_of(draft.id),
        workspace_id=wanted.workspace_id,
        workflow_id=wanted.workflow_id,
        version=wanted.version,
        state=draft.state,
        priority=wanted.priority or definition.priority,
        trigger=wanted.trigger,
        cause=structs.dumps(dict(wanted.cause)),
        input=draft.input,
        labels=structs.dumps(dict(wanted.labels)),
        concurrency_key=draft.concurrency_key,
        parent_id=wanted.parent_id,
        parent_path=wanted.parent_path,
        depth=wanted.depth,
        forked_from=wanted.forked_from,
        actor=current.actor if wanted.actor is None else wanted.actor,
        trace_parent=current.trace_parent if wanted.trace_parent is None else wanted.trace_parent,
        due_time=max(draft.due_time or now, now),
        timeout_time=now + timeout,
        cancel_time=now if draft.is_cancelled else None,
        cancel_reason=placing.SUPERSEDED if draft.is_cancelled else "",
    )


def _refused(draft: Draft) -> tuple[Opened, str, datetime | None]:
    retention = draft.start.definition.retention
    expire_time = None if retention is None else draft.now + timedelta(seconds=retention)
    return _row(draft), error_text(draft.error) or "null", expire_time


def _started(draft: Draft) -> Started:
    known = draft.repeats or draft.id
    repeated = draft.repeats is not None
    state = draft.state if draft.error is None else FAILED
    return Started(known, ids.time_of(known), state, repeated, draft.error, draft.row)
