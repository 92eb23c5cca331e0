"""Draining: committed events get their places in the feed, once each, together with what listeners make of them.

All of it is one transaction of the drain, which locks the one row of `event_drain`: `take`, then the listeners, then
`settle`. So positions are given in the order of commits and without gaps, and a drain that dies leaves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.core import clock
from server.events.queries import feed


# Not frozen: one is made for each event, and to set a field of a frozen one costs three times as much.
@dataclass(slots=True)
class Drained:
    """A committed event and its position. `data` is the text of a JSON object, `actor` who did it."""

    position: int
    event_id: UUID
    event_time: datetime
    workspace_id: UUID
    type: str
    subject: str
    channels: tuple[str, ...]
    ordering_key: str | None
    sequence: int | None
    data: str
    trace_parent: str
    actor: str = ""


def take(limit: int) -> list[Drained]:
    """At most `limit` committed events that no drain took before, with the positions that follow.

    They are in the order in which they were published; within an ordering key, in that of its sequence. Nothing comes
    when nothing waits or another drain is at work. If the transaction fails, they wait again.
    """
    position = feed.hold()
    if position is None:
        return []
    return [
        Drained(number, event_id, time, workspace, kind, subject, tuple(channels), *rest)
        for number, (event_id, time, workspace, kind, subject, channels, *rest) in enumerate(
            feed.take(limit), position + 1
        )
    ]


def settle(batch: Sequence[Drained], matches: Mapping[UUID, int]) -> None:
    """Put what was taken into the feed; `matches` tells how many deliveries an event became, 0 if it does not say."""
    if batch:
        rows = [
            (e.position, e.workspace_id, e.event_id, e.event_time, e.type, matches.get(e.event_id, 0)) for e in batch
        ]
        feed.feed(rows, now=clock.now())
