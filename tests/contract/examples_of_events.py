"""What the queries on events and their catalogue are called with in test_queries.py."""

from datetime import timedelta
from functools import partial
from itertools import product

from server.core import ids
from server.events.queries import catalogue, feed, following, log, purging
from server.events.queries.catalogue import EventTypeRow
from server.events.queries.following import FeedRow
from tests.contract.cast import NOW, Cast, Example, row_id

DAY = timedelta(days=1)
#: They run what they are given.
RUNNERS = [following.run]


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    return [*_catalogue(cast), *_log(cast), *_feed(cast)]


def _catalogue(cast: Cast) -> list[Example]:
    place = cast.workspace
    new = EventTypeRow(ids.new(), place, "new.type", "", 1, {}, 1, NOW, NOW, None, "{}", "[]")
    known = new._replace(id=row_id(14, 1 if cast.name == "heavy" else 4321), version=9)
    return [
        cast.app(catalogue.get, place, "type.n4321"),
        cast.app(catalogue.lock, place, "type.n4321"),
        *(
            cast.app(catalogue.page_of, place, after=after, limit=51, with_archived=all_of_them)
            for after, all_of_them in product(("", "type.n4"), (True, False))
        ),
        cast.app(catalogue.publishable, place, ["type.n1", "type.n4321"]),
        cast.app(catalogue.names_under, place, "type."),
        cast.app(catalogue.versions_of, place, known.id, below=5, limit=51),
        cast.app(catalogue.count, place, most=1000),
        cast.app(catalogue.insert, new),
        cast.app(catalogue.add_version, known),
        cast.app(catalogue.update, place, known.id, {"revision": 2}),
        cast.worker(purging.delete_some, place, 1000),
        cast.worker(purging.forget_dedupe_keys, NOW - 8 * DAY, 1000),
    ]


def _log(cast: Cast) -> list[Example]:
    place = cast.workspace
    page = partial(cast.app, log.page_of, place, limit=51)
    kinds = [None, ["order.paid"], ["order.paid", "order.sent", "workspace.updated"]]
    return [
        cast.app(log.get, place, cast.event),
        cast.app(log.several, place, [(cast.event, ids.time_of(cast.event))] * 3),
        *(
            page(types=types, subject=subject, since=since, before=before, after=after)
            for types, subject, (since, before), after in product(
                kinds, (None, "order_7"), ((None, None), (NOW - 3 * DAY, NOW - DAY)), (None, cast.event)
            )
        ),
    ]


def _feed(cast: Cast) -> list[Example]:
    place, time = cast.workspace, ids.time_of(cast.event)
    row = FeedRow(4000, time, place, cast.event, time, "order.paid")
    return [
        cast.worker(feed.hold),
        cast.worker(feed.take, 1000),
        cast.worker(feed.feed, [(90_000, place, cast.event, time, "order.paid", 0)], now=NOW - 2 * DAY),
        cast.app(following.scan, place, 15_000, time, limit=100),
        cast.app(following.latest, place),
        cast.app(following.events, [row]),
        cast.worker(following.head, following.run, NOW - DAY),
        cast.worker(following.since, following.run, 15_000, time, through=16_000, workspaces=[place], limit=100),
    ]
