"""What a replay does: it goes through past events, and opens the deliveries that it is about.

Finished deliveries are reopened. For events that were never delivered to an endpoint, deliveries are made when they
match it, as it is now or as it was when the event was handed out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from server.core import ids
from server.events.service.draining import Drained
from server.webhooks.models import FIRST_STATES
from server.webhooks.pruning import last_id
from server.webhooks.queries import fan_out as fan_out_queries
from server.webhooks.queries import lanes, reopening, replaying
from server.webhooks.queries.fan_out import Subscriber
from server.webhooks.queries.reopening import Addition, Opening
from server.webhooks.queries.replaying import FedEvent, Stretch, Types, Version
from server.webhooks.queries.replays import ReplayRow
from server.webhooks.service.fan_out import Plan
from server.workspaces.queries import workspaces

#: After how long a replay looks again whether its workspace was brought back.
PATIENCE: Final = timedelta(hours=1)
#: What one run opens at most, but for the other endpoints of the last event.
BATCH: Final = 500
_EVENTS: Final = 100
#: About how many rows one run looks at to find them.
_LOOKED_AT: Final = 5000
#: How many deliveries of an endpoint, and how many events, are looked at to count.
_MOST_COUNTED: Final = 10_000
_MOST_EVENTS_COUNTED: Final = 1000
_DAY: Final = timedelta(days=1)


class Progress(NamedTuple):
    """How far a run came: `through` is None at the end. The next run is not before `next_time`."""

    through: UUID | None
    opened: int
    next_time: datetime | None


class _Chosen(NamedTuple):
    """A delivery to open; it is `made` when there never was one."""

    endpoint_id: UUID
    event_id: UUID
    position: int
    ordering_key: str | None
    revision: int | None
    made: FedEvent | None


def workspace_lives(workspace_id: UUID) -> bool:
    """Whether the workspace is there and not deleted."""
    row = workspaces.get(workspace_id)
    return row is not None and row.delete_time is None


def run(row: ReplayRow, *, now: datetime) -> Progress:
    """Open the deliveries of one stretch of events. The transaction holds the replay."""
    subscribers = _subscribers(row)
    stretch = _stretch(row, [*subscribers])
    if stretch is None or not subscribers:
        return Progress(None, 0, None)
    budget = min(BATCH, row.rate_limit or BATCH)
    events = _events(row, stretch, limit=_EVENTS, with_data=True)
    if len(events) == _EVENTS:
        stretch = stretch._replace(last=events[-1].event_id)
    chosen = [
        *_finished(row, stretch, subscribers, limit=budget),
        *_unmet(row, stretch, events, subscribers, with_filters=True),
    ]
    chosen.sort(key=lambda each: (each.event_id, each.endpoint_id))
    through = stretch.last
    if len(chosen) > budget:
        # All endpoints of an event go together, since what is remembered is the event.
        through = chosen[budget - 1].event_id
        chosen = [each for each in chosen if each.event_id <= through]
    opened = _open(row, chosen, subscribers, now=now)
    pause = timedelta(seconds=opened / row.rate_limit) if row.rate_limit else None
    return Progress(through, opened, now + pause if pause else None)


def _subscribers(row: ReplayRow) -> dict[UUID, Subscriber]:
    """The endpoints that the replay is about, by id: living ones that are not disabled."""
    return {
        subscriber.endpoint_id: subscriber
        for subscriber in fan_out_queries.subscribers([row.workspace_id])
        if subscriber.state in FIRST_STATES and row.endpoint_id in (None, subscriber.endpoint_id)
    }


def _whole(row: ReplayRow) -> Stretch:
    """All that is left of the replay."""
    after = row.through or last_id(row.selection.start_time)
    return Stretch(after, max(after, last_id(row.selection.end_time)))


def _stretch(row: ReplayRow, targets: Sequence[UUID]) -> Stretch | None:
    """The next events to look at: of a day at most, and with a bounded number of deliveries; None at the end."""
    whole = _whole(row)
    first = replaying.first(row.workspace_id, whole)
    if first is None or not targets:
        return None
    # Nothing lies between what was looked at and the first.
    after = UUID(int=first.int - 1)
    ends = [whole.last, last_id(ids.time_of(first) + _DAY)]
    stretch = Stretch(after, min(ends))
    if row.selection.finished_states:
        number = max(_LOOKED_AT // len(targets), 1)
        states = row.selection.finished_states
        end = replaying.nth_delivery(row.workspace_id, stretch, targets=targets, states=states, number=number)
        ends += [end] if end else []
    if row.selection.with_missing:
        end = replaying.nth_event(row.workspace_id, stretch, number=_LOOKED_AT)
        ends += [end] if end else []
    return Stretch(after, min(ends))


def _types(row: ReplayRow) -> Types:
    patterns = row.selection.event_types
    starts = tuple(pattern[:-1] for pattern in patterns if pattern.endswith(".*"))
    return Types(tuple(pattern for pattern in patterns if not pattern.endswith(".*")), starts)


def _finished(row: ReplayRow, stretch: Stretch, targets: Collection[UUID], *, limit: int) -> Iterable[_Chosen]:
    """The finished deliveries of a stretch that the replay is about, all of at least `limit` of them."""
    states = row.selection.finished_states
    if not states:
        return
    found = replaying.candidates(
        row.workspace_id, stretch, targets=targets, states=states, types=_types(row), limit=limit + len(targets)
    )
    history = _history(row, targets, replaying.feed_times(row.workspace_id, {each.event_id for each in found}))
    for each in found:
        version = history.at(each.endpoint_id, each.event_id)
        if version is not None or row.configuration == "NOW":
            yield _Chosen(*each, version.revision if version else None, None)


def _events(row: ReplayRow, stretch: Stretch, *, limit: int, with_data: bool) -> list[FedEvent]:
    """The events of a stretch for which deliveries may have to be made."""
    if not row.selection.with_missing:
        return []
    return replaying.fed_events(row.workspace_id, stretch, types=_types(row), with_data=with_data, limit=limit)


def _unmet(
    row: ReplayRow,
    stretch: Stretch,
    events: Sequence[FedEvent],
    subscribers: Mapping[UUID, Subscriber],
    *,
    with_filters: bool,
) -> list[_Chosen]:
    """The deliveries that are not there although the event matches."""
    present = replaying.present(row.workspace_id, stretch) if events else set()
    history = _history(row, subscribers, {event.event_id: event.feed_time for event in events})
    chosen = []
    for event in events:
        candidates = [each for each in subscribers.values() if (each.endpoint_id, event.event_id) not in present]
        versions = {each.endpoint_id: history.at(each.endpoint_id, event.event_id) for each in candidates}
        if row.configuration == "THEN":
            candidates = [_as_then(each, version) for each in candidates if (version := versions[each.endpoint_id])]
        if not with_filters:
            candidates = [each._replace(filter="") for each in candidates]
        for _, at in Plan.of([_drained(row.workspace_id, event)], candidates).pairs:
            target = candidates[at]
            version = versions[target.endpoint_id]
            key = event.ordering_key if target.ordering == "PER_KEY" else None
            revision = version.revision if version else None
            chosen.append(_Chosen(target.endpoint_id, event.event_id, event.position, key, revision, event))
    return chosen


def _as_then(subscriber: Subscriber, version: Version) -> Subscriber:
    """The endpoint with what it subscribed to then; it is delivered to as its state is now."""
    then = subscriber._replace(
        event_types=tuple(version.event_types),
        channels=tuple(version.channels),
        filter=version.filter,
    )
    return then._replace(state="DISABLED") if version.state == "DISABLED" else then


def _drained(workspace_id: UUID, event: FedEvent) -> Drained:
    return Drained(
        position=event.position,
        event_id=event.event_id,
        event_time=event.event_time,
        workspace_id=workspace_id,
        type=event.type,
        subject=event.subject,
        channels=tuple(event.channels),
        ordering_key=event.ordering_key,
        sequence=event.sequence,
        data=event.data,
        trace_parent=event.trace_parent,
    )


class _History:
    """What endpoints were when events were handed out; nothing when the present is what counts."""

    def __init__(self, feed_times: Mapping[UUID, datetime], versions: Iterable[Version]) -> None:
        self._feed_times = feed_times
        self._versions: dict[UUID, list[Version]] = {}
        for version in versions:
            self._versions.setdefault(version.endpoint_id, []).append(version)

    def at(self, endpoint_id: UUID, event_id: UUID) -> Version | None:
        """What the endpoint was when the event was handed out; None when it was not there."""
        moment = self._feed_times.get(event_id, ids.time_of(event_id))
        return next((each for each in self._versions.get(endpoint_id, ()) if each.create_time <= moment), None)


def _history(row: ReplayRow, targets: Collection[UUID], feed_times: Mapping[UUID, datetime]) -> _History:
    if row.configuration == "NOW" or not feed_times:
        return _History(feed_times, ())
    since, until = min(feed_times.values()), max(feed_times.values())
    return _History(feed_times, replaying.versions(row.workspace_id, targets, since=since, until=until))


def _open(row: ReplayRow, chosen: Sequence[_Chosen], subscribers: Mapping[UUID, Subscriber], *, now: datetime) -> int:
    """Open what was chosen, unless somebody else did meanwhile; gives how many there were."""
    if not chosen:
        return 0
    lanes.lock({each.endpoint_id for each in chosen})
    keys = [(each.endpoint_id, each.ordering_key or "") for each in chosen if _waits(each, subscribers)]
    busy = fan_out_queries.unfinished(keys) if keys else set()
    openings, additions = [], []
    # Positions are the order within a key; ids may be off it by some milliseconds.
    for each in sorted(chosen, key=lambda each: each.position):
        key = (each.endpoint_id, each.ordering_key or "")
        is_due = not _waits(each, subscribers) or key not in busy
        busy.add(key)
        state = FIRST_STATES[subscribers[each.endpoint_id].state]
        if each.made is None:
            openings.append(Opening(each.endpoint_id, each.event_id, state, is_due, each.revision))
        else:
            additions.append(_addition(each, each.made, state=state, is_due=is_due))
    opened = reopening.reopen(row.workspace_id, openings, trigger="REPLAY", replay_id=row.id, now=now)
    opened += reopening.add(row.workspace_id, additions, replay_id=row.id, now=now)
    lanes.wake({endpoint_id for endpoint_id, _ in opened}, now=now)
    return len(opened)


def _waits(each: _Chosen, subscribers: Mapping[UUID, Subscriber]) -> bool:
    """Whether the delivery has to wait for others of its ordering key."""
    return each.ordering_key is not None and subscribers[each.endpoint_id].ordering == "PER_KEY"


def _addition(each: _Chosen, event: FedEvent, *, state: str, is_due: bool) -> Addition:
    return Addition(
        each.endpoint_id,
        each.event_id,
        event.event_time,
        event.type,
        event.position,
        each.ordering_key,
        state,
        is_due,
        each.revision,
    )


def count(row: ReplayRow) -> tuple[int, bool]:
    """How many deliveries a replay is about, and whether there may be more: it is counted to a bound.

    Filters of endpoints are not evaluated for events that were never delivered.
    """
    subscribers = _subscribers(row)
    whole = _whole(row)
    if not subscribers:
        return 0, False
    total, is_least = 0, False
    states = row.selection.finished_states
    if states:
        total, is_least = replaying.count(
            row.workspace_id, whole, targets=subscribers, states=states, types=_types(row), most=_MOST_COUNTED
        )
    if row.selection.with_missing:
        unmet, goes_on = _count_missing(row, whole, subscribers)
        total, is_least = total + unmet, is_least or goes_on
    return total, is_least


def _count_missing(row: ReplayRow, whole: Stretch, subscribers: Mapping[UUID, Subscriber]) -> tuple[int, bool]:
    end = replaying.nth_event(row.workspace_id, whole, number=_MOST_COUNTED)
    stretch = whole._replace(last=end or whole.last)
    events = _events(row, stretch, limit=_MOST_EVENTS_COUNTED, with_data=False)
    is_cut = len(events) == _MOST_EVENTS_COUNTED
    if is_cut:
        stretch = stretch._replace(last=events[-1].event_id)
    unmet = _unmet(row, stretch, events, subscribers, with_filters=False)
    return len(unmet), is_cut or end is not None
