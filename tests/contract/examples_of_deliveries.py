"""What the queries on deliveries and replays are called with in test_queries.py."""

from datetime import timedelta

from server.core import ids
from server.webhooks.models import FINISHED_STATES
from server.webhooks.pruning import last_id
from server.webhooks.queries import cancelling, deliveries, explaining, reopening, replaying, replays
from server.webhooks.queries.deliveries import Wanted
from server.webhooks.queries.reopening import Addition, Opening
from server.webhooks.queries.replaying import Stretch, Types
from server.webhooks.queries.replays import ReplayRow, Selection
from tests.contract.cast import NOW, TODAY, Cast, Example, event_id, row_id

DAY = timedelta(days=1)
LONG = Stretch(last_id(TODAY - 9 * DAY), last_id(TODAY))
SHORT = Stretch(last_id(TODAY - 3 * DAY), last_id(TODAY - 2 * DAY))
SOME = Types(("order.paid",), ("order.",))
HOUR = Stretch(last_id(TODAY - 3 * DAY), last_id(TODAY - 3 * DAY + timedelta(hours=1)))
#: Of workspace 1, which has very much.
TARGETS = [row_id(11, number) for number in range(1, 11)]


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_reading(cast), *_explaining(cast), *_changing(cast), *_replays(cast), *_replaying(cast)]


def _reading(cast: Cast) -> list[Example]:
    pair = (cast.workspace, cast.endpoint, cast.event)
    everything = Wanted()
    choices = [
        everything,
        Wanted(states=frozenset({"FAILED"})),
        Wanted(states=frozenset({"SUCCEEDED"})),
        Wanted(states=frozenset({"PENDING", "RETRYING"})),
        Wanted(types=frozenset({"order.paid"}), since=TODAY - 3 * DAY, before=TODAY - DAY),
        Wanted(other_types=frozenset({"order.paid"})),
    ]
    return [
        cast.app(deliveries.get, *pair),
        *(
            cast.app(deliveries.page_of_endpoint, *pair[:2], wanted=wanted, after=after, limit=51)
            for wanted in choices
            for after in (None, cast.event)
        ),
        *(
            cast.app(deliveries.page_of_event, cast.workspace, cast.event, after=after, limit=51)
            for after in (None, cast.endpoint)
        ),
        *(cast.app(deliveries.attempts, *pair, before=before, limit=51) for before in (None, 5)),
        cast.app(deliveries.last_attempts, cast.workspace, cast.event, endpoints=[cast.endpoint, *TARGETS]),
    ]


def _explaining(cast: Cast) -> list[Example]:
    return [
        cast.app(explaining.event, cast.workspace, cast.event),
        cast.app(explaining.feed_time, cast.workspace, cast.event),
        cast.app(explaining.endpoints, cast.workspace, at=NOW - DAY, limit=1000),
        cast.app(explaining.skips, cast.workspace, cast.event),
        cast.app(explaining.blockers, cast.workspace, cast.event, [cast.endpoint, *TARGETS]),
    ]


def _changing(cast: Cast) -> list[Example]:
    pair = (cast.workspace, cast.endpoint, cast.event)
    opening = Opening(cast.endpoint, cast.event, "PENDING", is_due=True, revision=None)
    many = [opening._replace(event_id=event_id(number)) for number in range(3000, 3080, 2)]
    addition = Addition(
        *(cast.endpoint, event_id(9999), ids.time_of(event_id(9999)), "order.paid", 1),
        *(None, "PENDING"),
        is_due=True,
        revision=None,
    )
    additions = [addition._replace(event_id=event_id(number)) for number in range(3000, 3080)]
    return [
        *(
            cast.app(reopening.reopen, cast.workspace, openings, trigger="MANUAL", replay_id=None, now=NOW)
            for openings in ([opening], many)
        ),
        *(
            cast.app(reopening.add, cast.workspace, rows, replay_id=cast.replay, now=NOW)
            for rows in ([addition], additions)
        ),
        cast.app(reopening.hasten, *pair, now=NOW),
        *(
            cast.app(cancelling.cancel, cast.workspace, cast.endpoint, events, now=NOW)
            for events in ([cast.event], [event_id(number) for number in range(3000, 3200)])
        ),
    ]


def _replays(cast: Cast) -> list[Example]:
    selection = Selection(TODAY - DAY, TODAY, ("order.*",), ("FAILED",))
    row = ReplayRow(
        *(ids.new(), cast.workspace, cast.endpoint, selection, "NOW", 5, "RUNNING", None, 0),
        total_is_least=False,
        replayed=0,
        create_time=NOW,
        update_time=NOW,
    )
    return [
        *(cast.app(replays.get, cast.workspace, cast.replay, locked=locked) for locked in (False, True)),
        *(cast.app(replays.page_of, cast.workspace, after=after, limit=51) for after in (None, row_id(12, 4000))),
        cast.app(replays.count_running, cast.workspace, most=10),
        cast.app(replays.insert, row),
        cast.app(replays.update, cast.workspace, cast.replay, state="CANCELLED"),
    ]


def _replaying(cast: Cast) -> list[Example]:
    place = cast.workspace
    chosen = [(states, types) for states in (["FAILED"], [*FINISHED_STATES]) for types in (Types(), SOME)]
    return [
        *(cast.worker(replaying.first, place, stretch) for stretch in (LONG, SHORT)),
        *(cast.worker(replaying.nth_event, place, stretch, number=100) for stretch in (LONG, SHORT)),
        *(
            cast.worker(replaying.nth_delivery, place, SHORT, targets=TARGETS, states=states, number=500)
            for states, _ in chosen
        ),
        *(
            cast.worker(replaying.candidates, place, SHORT, targets=TARGETS, states=states, types=types, limit=500)
            for states, types in chosen
        ),
        *(
            cast.app(replaying.count, place, LONG, targets=TARGETS, states=states, types=types, most=100)
            for states, types in chosen
        ),
        *(
            cast.worker(replaying.fed_events, place, SHORT, types=types, with_data=True, limit=100)
            for types in (Types(), SOME)
        ),
        cast.worker(replaying.feed_times, place, [event_id(number) for number in range(3000, 3500)]),
        cast.worker(replaying.present, place, HOUR),
        cast.worker(replaying.versions, place, TARGETS, since=NOW - 3 * DAY, until=NOW - DAY),
    ]
