"""What the queries on sources and receipts are called with in test_queries.py."""

from server.core import ids
from server.webhooks.queries import sources
from server.webhooks.queries.sources import ReceiptRow, SourceRow
from tests.contract.cast import MINUTE, NOW, Cast, Example, event_id, hash_of, row_id


def examples(cast: Cast) -> list[Example]:
    """All examples about one cast."""
    place = cast.workspace
    source = row_id(31, 1 if cast.name == "heavy" else 4321)
    receipt = event_id(4000 if cast.name == "heavy" else 4321)
    new = SourceRow(ids.new(), place, "New", "", "GITHUB", b"", "order.paid", "ACTIVE", {}, 1, NOW, NOW, None)
    kept = ids.new_at(NOW)
    receipt_row = ReceiptRow(kept, place, source, ids.time_of(kept), {}, b"", "REFUSED", "", None)
    return [
        cast.app(sources.presented, [hash_of("source", 4321), hash_of("older", 4321)]),
        cast.app(sources.get, place, source),
        cast.app(sources.lock, place, source),
        cast.app(sources.page_of, place, after=None, limit=51),
        cast.app(sources.page_of, place, after=source, limit=51),
        cast.app(sources.count, place, most=100),
        cast.app(sources.insert, new, token_hash=b"hash"),
        cast.app(sources.update, place, source, name="New"),
        cast.app(sources.keep, receipt_row),
        cast.app(sources.receipt, place, source, receipt),
        cast.app(sources.receipts, place, source, after=None, limit=51),
        cast.app(sources.receipts, place, source, after=receipt, limit=51),
        cast.app(sources.refused, place, source, since=NOW - MINUTE, most=60),
    ]
