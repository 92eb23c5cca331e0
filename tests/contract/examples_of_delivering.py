"""What the queries of fan-out, claiming and recording are called with in test_queries.py, all by workers.

They run with the planner's settings of the deliverers, which look up by index whatever the statistics say.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from server.core import ids
from server.core.db import db
from server.webhooks.queries import claiming, fan_out, lanes, outgoing, recording
from server.webhooks.queries.fan_out import Opened
from server.webhooks.queries.lanes import State
from server.webhooks.queries.recording import Counted, Ended
from server.webhooks.service.claiming import PLANS
from tests.contract.cast import MINUTE, NOW, Cast, Example, event_id, row_id

#: Of workspace 1: the first of them keeps the order of keys.
OPEN = [row_id(11, number) for number in range(7, 11)]
#: Events that were delivered to nobody, and others that wait to be.
NEW = [event_id(number) for number in range(20_001, 20_051)]
WAITING = [event_id(number) for number in range(2, 202, 2)]


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_fan_out(cast), *_lanes(cast), *_sending(cast), *_recording(cast)]


def planned(example: Example) -> Example:
    """The example as the deliverers run it."""

    def call() -> Any:
        db.scope.prefix += PLANS
        return example.call()

    return replace(example, call=call)


def worker(cast: Cast, query: Callable[..., Any], *arguments: Any, **options: Any) -> Example:
    """An example in the workers' role, as the deliverers run it."""
    return planned(cast.worker(query, *arguments, **options))


def _fan_out(cast: Cast) -> list[Example]:
    times = [ids.time_of(each) for each in NEW]
    events = [
        (each, time, cast.workspace, "order.paid", at) for at, (each, time) in enumerate(zip(NEW, times, strict=True))
    ]
    pairs = [Opened(at, 0, "PENDING", is_due=True, ordering_key=None) for at in range(len(NEW))]
    skips = [(each, cast.endpoint, time, cast.workspace, "FILTERED") for each, time in zip(NEW, times, strict=True)]
    keys = [(OPEN[0], f"key{number}") for number in range(60)]
    return [
        worker(cast, fan_out.subscribers, [cast.workspace, row_id(5, 77)]),
        worker(cast, fan_out.open_deliveries, pairs, endpoints=[cast.endpoint], events=events, now=NOW),
        worker(cast, fan_out.unfinished, keys),
        worker(cast, fan_out.skip, skips),
    ]


def _lanes(cast: Cast) -> list[Example]:
    endpoints = [cast.endpoint, *OPEN]
    full: dict[str, Any] = {"without": [row_id(11, 47)], "without_workspaces": [row_id(5, 87)]}
    state = State(cast.endpoint, NOW, "CLOSED", 0, NOW, 0, 0, None)
    put: list[tuple[UUID, Any, Any, Any]] = [(each, None, NOW, NOW) for each in endpoints]
    return [
        worker(cast, lanes.due, now=NOW, limit=50, **full),
        worker(cast, lanes.next_time, **full),
        worker(cast, lanes.put_off, put, now=NOW, retry_time=NOW + MINUTE),
        worker(cast, lanes.lock, endpoints),
        worker(cast, lanes.wake, endpoints, now=NOW),
        worker(cast, lanes.write, [(state, NOW)]),
        worker(cast, lanes.release, [(OPEN[0], f"key{number}") for number in range(60)], now=NOW),
        worker(cast, lanes.open_deliveries, most=1000),
        worker(cast, claiming.claim, [(each, 20, NOW + MINUTE) for each in endpoints], claim_id=ids.new(), now=NOW),
    ]


def _sending(cast: Cast) -> list[Example]:
    endpoints = [cast.endpoint, *OPEN]
    return [
        worker(cast, outgoing.events, [(ids.time_of(each), each) for each in WAITING]),
        worker(cast, outgoing.targets, endpoints),
        worker(cast, outgoing.versions, [(each, 2) for each in endpoints]),
        worker(cast, outgoing.secrets, endpoints, now=NOW),
    ]


def _recording(cast: Cast) -> list[Example]:
    ended = [_ended(each, state) for each in WAITING for state in ("SUCCEEDED", "RETRYING")]
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    counted = Counted(cast.endpoint, cast.workspace, hour, 1, 1, [0] * 20)
    return [
        worker(cast, recording.record, ended, now=NOW),
        worker(cast, recording.count, [counted]),
    ]


_ended_at = partial(Ended, tries=1, start_time=NOW, dns_ms=None, connect_ms=None, tls_ms=None, first_byte_ms=1.0)


def _ended(event: UUID, state: str) -> Ended:
    return _ended_at(
        endpoint_id=OPEN[1],
        event_id=event,
        claim=row_id(13, 1),
        state=state,
        due_time=NOW if state == "RETRYING" else None,
        total_ms=1.0,
        status=200,
        error="",
        response_headers="{}",
        response_body=b"",
        address="",
        detail="",
        resent=False,
    )
