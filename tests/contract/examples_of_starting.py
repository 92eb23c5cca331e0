"""What the queries of starting, of triggers and of forgetting are called with in test_queries.py."""

import json
from datetime import timedelta

from server.core import ids
from server.workflows.queries import forgetting, starting, triggering
from server.workflows.queries.starting import Opened
from server.workflows.queries.triggering import Outcome
from tests.contract.cast import LONG_AGO, NOW, Cast, Example, event_id, row_id


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_starting(cast), *_triggering(cast)]


def _starting(cast: Cast) -> list[Example]:
    place = cast.workspace
    number = 1 if cast.name == "heavy" else 4321
    workflow, key = row_id(41, number), f"key{number % 50}"
    new = _opened(cast)
    return [
        cast.app(starting.claim_keys, [(workflow, f"key{number}", place, new.id)], now=NOW, over=LONG_AGO),
        cast.app(starting.claim_keys, [(workflow, "new", place, new.id)], now=NOW, over=LONG_AGO),
        cast.app(starting.hold, [(workflow, key, place, 3), (workflow, "new", place, None)], now=NOW),
        cast.app(starting.set_rates, [((workflow, key), NOW)]),
        cast.app(starting.taken, [(workflow, key), (workflow, "new")]),
        cast.app(starting.staying, (workflow, key), limit=1000),
        cast.app(starting.promote, [(workflow, key)], now=NOW),
        cast.app(starting.open_all, [new], now=NOW),
        cast.app(starting.refuse_all, [(new, json.dumps({"code": "REJECTED"}), NOW)], now=NOW),
        cast.worker(forgetting.forget_keys, before=NOW - timedelta(days=1), limit=1000),
        cast.worker(forgetting.hold_old_slots, before=NOW - timedelta(days=1), limit=1000),
        cast.worker(forgetting.delete_slots, [(workflow, key)]),
        cast.worker(forgetting.forget_outputs, before=NOW, limit=1000),
    ]


def _opened(cast: Cast) -> Opened:
    execution = ids.new_at(NOW)
    return Opened(
        id=execution,
        create_time=ids.time_of(execution),
        workspace_id=cast.workspace,
        workflow_id=row_id(41, 1),
        version=1,
        state="READY",
        priority=3,
        trigger="MANUAL",
        cause="{}",
        input="{}",
        labels="{}",
        concurrency_key="key",
        parent_id=None,
        parent_path=None,
        depth=0,
        forked_from=None,
        actor="system",
        trace_parent="",
        due_time=NOW,
        timeout_time=NOW,
        cancel_time=None,
        cancel_reason="",
    )


def _triggering(cast: Cast) -> list[Example]:
    outcome = Outcome(row_id(41, 1), "trigger1", NOW, row_id(44, 1), NOW)
    return [
        cast.worker(triggering.listening, {cast.workspace, row_id(5, 77)}),
        cast.worker(triggering.due, now=NOW, limit=200),
        cast.worker(triggering.next_time),
        cast.worker(triggering.fired, [outcome]),
        cast.worker(triggering.moved, [outcome]),
        cast.worker(triggering.still_open, [row_id(44, 1), row_id(44, 2)]),
        cast.worker(triggering.origins, {event_id(3): True, event_id(4): False}),
    ]
