"""What the queries of runners are called with in test_queries.py, and those of whoever tells an execution something.

Runners read and write with the planner's settings of their own, which look up by index whatever the statistics say.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from server.core import ids
from server.core.db import db
from server.workflows.queries import claiming, expiring, loading, poking, recording, waits
from server.workflows.queries.claiming import PLANS
from server.workflows.queries.recording import CacheRow, DayRow, EndedRow, LogRow, StepRow, WaitRow
from tests.contract.cast import NOW, TODAY, Cast, Example, event_id, hash_of, row_id

RUNNER = row_id(42, 0)
#: Open executions: those whose rank leaves 3 when divided by 6 are running.
OPEN = [row_id(44, number) for number in range(3, 603, 6)]
NOBODY = UUID(int=0)
#: Finished ones, by the times in their ids.
FINISHED = [event_id(number) for number in range(2, 202, 10)]


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_claiming(cast), *_loading(cast), *_recording(cast), *_telling(cast)]


def worker(cast: Cast, query: Callable[..., Any], *arguments: Any, **options: Any) -> Example:
    """An example in the workers' role, as the runners run it."""
    example = cast.worker(query, *arguments, **options)

    def call() -> Any:
        db.scope.prefix += PLANS
        return example.call()

    return replace(example, call=call)


def _claiming(cast: Cast) -> list[Example]:
    claim = {"claim_id": ids.new(), "lanes": 100, "now": NOW}
    return [
        worker(cast, claiming.register, ids.new(), lease_seconds=6),
        worker(cast, claiming.beat, RUNNER, lease_seconds=6),
        worker(cast, claiming.give_back, RUNNER, [row_id(43, 3), row_id(43, 9)], but=[row_id(44, 3)]),
        worker(cast, claiming.leave, RUNNER),
        worker(cast, claiming.bury),
        worker(cast, claiming.sweep, 100),
        worker(cast, claiming.fire, 100, now=NOW),
        worker(cast, claiming.claim, RUNNER, 100, after=NOBODY, **claim),
        worker(cast, claiming.claim, RUNNER, 100, after=cast.workspace, **claim),
        worker(cast, claiming.next_time),
    ]


def _loading(cast: Cast) -> list[Example]:
    return [
        worker(cast, loading.versions, [(row_id(41, number), 3) for number in range(1, 50)]),
        worker(cast, loading.workspaces, [cast.workspace, row_id(5, 77)]),
        worker(cast, loading.secrets, [cast.workspace, row_id(5, 77)]),
        worker(cast, loading.records, [(each, ids.time_of(each), 1) for each in FINISHED]),
        worker(cast, loading.waits, OPEN),
        worker(cast, loading.poked, RUNNER, 100),
        worker(cast, loading.poke_all, RUNNER),
        worker(cast, loading.cached, cast.workspace, hash_of("cache", 7), now=NOW),
        worker(cast, waits.for_events, [(cast.workspace, "order.paid"), (row_id(5, 4001), "order.paid")]),
        worker(cast, expiring.expire, 100, now=NOW),
        worker(cast, expiring.oldest_open),
    ]


def _recording(cast: Cast) -> list[Example]:
    place = cast.workspace
    keys = [(each, "ask") for each in OPEN]
    step = ("charge", 1, 1, place, "http", "SUCCEEDED", "{}", None, None, NOW, NOW)
    line = (place, "charge", 1, "INFO", "message", "{}", NOW)
    wait = ("again", place, "EVENT", "order.paid", "", "{}", None, NOW)
    day = (TODAY.date(), place, 1, 0, 0, 0, [0] * 62)
    return [
        worker(cast, recording.hold, OPEN),
        worker(cast, recording.steps, [StepRow(each, NOW, *step) for each in OPEN]),
        worker(cast, recording.waits, [WaitRow(each, *wait) for each in OPEN]),
        worker(cast, recording.waits_over, keys),
        worker(cast, recording.all_over, OPEN),
        worker(cast, recording.signals, OPEN),
        worker(cast, recording.take_signals, [row_id(46, number) for number in range(1, 50)]),
        worker(cast, recording.signals_over, OPEN),
        worker(cast, recording.lines, [LogRow(ids.new(), each, NOW, *line) for each in OPEN]),
        worker(cast, recording.end, [EndedRow(each, "SUCCEEDED", "{}", None, NOW, None) for each in OPEN]),
        worker(cast, recording.release, [(each, "WAITING", None) for each in OPEN], now=NOW),
        worker(cast, recording.approvals_over, [(*key, "EXPIRED") for key in keys], now=NOW),
        worker(cast, recording.children, keys),
        worker(cast, recording.count, [DayRow(row_id(41, 7), *day)]),
        worker(cast, recording.cache, [CacheRow(place, hash_of("cache", 7), "{}", NOW)]),
    ]


def _telling(cast: Cast) -> list[Example]:
    one = row_id(44, 3 if cast.name == "heavy" else 4323)
    return [
        cast.app(poking.hold, cast.workspace, one),
        cast.app(poking.hold_all, [one]),
        cast.app(poking.waits, cast.workspace, one, kind="SIGNAL", name="go"),
        cast.app(poking.waits, cast.workspace, one, kind="APPROVAL"),
        cast.app(poking.answer, [(one, "ask", "{}")]),
        cast.app(poking.wake, [one], now=NOW),
        cast.app(poking.cancel, [one], reason="enough", now=NOW),
        cast.app(poking.pause, [one], now=NOW),
        cast.app(poking.resume, [one], now=NOW),
    ]
