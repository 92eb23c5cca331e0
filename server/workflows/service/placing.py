"""The places of starts: which of those with a key go on at once, which wait, and which are refused.

Their slots are held until the transaction ends, so nobody else starts or ends an execution of theirs meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from server.workflows.engine.types import StepError
from server.workflows.queries import starting as queries
from server.workflows.queries.starting import Key, Taken
from server.workflows.service import poking
from server.workflows.service.drafts import READY, Draft

QUEUED: Final = "QUEUED"
WAITING: Final = "WAITING"
SUPERSEDED: Final = "A newer execution with the same concurrency key took its place."
_CANCEL_OLDEST: Final = "CANCEL_OLDEST"
_REJECT: Final = "REJECT"
#: As many executions as one start cancels.
_MOST_CANCELLED: Final = 1000


def take(drafts: Sequence[Draft], now: datetime) -> list[Key]:
    """Give each its place by concurrency and rate; gives slots whose limit was raised, where others go first."""
    slots: dict[Key, Draft] = {}
    of_slot: defaultdict[Key, list[Draft]] = defaultdict(list)
    for draft in drafts:
        for key in (draft.slot(draft.concurrency_key), draft.slot(draft.rate_key)):
            if key is not None:
                slots[key] = draft
        if (key := draft.slot(draft.concurrency_key)) is not None:
            of_slot[key].append(draft)
    if not slots:
        return []
    rates = queries.hold(
        [(*key, slots[key].start.workspace_id, _capacity(of_slot.get(key))) for key in sorted(slots)], now=now
    )
    raised = []
    for key, taken in queries.taken(of_slot).items() if of_slot else ():
        if _place(key, of_slot[key], taken):
            raised.append(key)
    _take_turns(drafts, rates, now)
    return raised


def _capacity(drafts: Sequence[Draft] | None) -> int | None:
    # The last start is of the latest version, if they differ.
    concurrency = drafts[-1].concurrency if drafts else None
    return None if concurrency is None else concurrency.limit


def _place(slot: Key, drafts: Sequence[Draft], taken: Taken) -> bool:
    """Decide which of a slot's starts go on at once; gives whether others that wait may, too."""
    room = 0 if taken.is_queued else max((_capacity(drafts) or 0) - taken.going, 0)
    late = drafts[room:]
    for draft in late:
        concurrency = draft.concurrency
        if concurrency is not None and concurrency.on_conflict == _REJECT:
            message = f"As many executions of this concurrency key are under way as may be: {concurrency.limit}."
            draft.error = StepError("REJECTED", message, retryable=False, details={"concurrency_key": slot[1]})
        else:
            draft.state = QUEUED
    last = drafts[-1].concurrency
    if late and last is not None and last.on_conflict == _CANCEL_OLDEST:
        _supersede(slot, drafts, last.limit)
    return taken.is_queued


def _supersede(slot: Key, drafts: Sequence[Draft], limit: int) -> None:
    """Cancel the oldest of a slot, so that no more than `limit` are left of them and the new ones."""
    older = queries.staying(slot, limit=_MOST_CANCELLED)
    surplus = max(len(older) + len(drafts) - limit, 0)
    if older[:surplus]:
        poking.cancel(older[:surplus], reason=SUPERSEDED)
    for draft in drafts[: max(surplus - len(older), 0)]:
        # READY, so that a runner writes down its end; it takes no place.
        draft.state, draft.is_cancelled = READY, True


def _take_turns(drafts: Sequence[Draft], rates: Mapping[Key, datetime], now: datetime) -> None:
    """Find when each may begin by its rate limit."""
    after: dict[Key, datetime] = {}
    for draft in drafts:
        key, limit = draft.slot(draft.rate_key), draft.start.definition.rate_limit
        if key is None or limit is None or draft.is_cancelled:
            continue
        period = timedelta(seconds=limit.period)
        full = max(after.get(key, rates[key]), now) + period / limit.limit
        after[key] = full
        draft.due_time = full - period
        if draft.due_time > now and draft.state == READY:
            draft.state = WAITING
    if after:
        queries.set_rates(sorted(after.items()))
