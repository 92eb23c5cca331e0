"""Queries on `webhook_source` and `webhook_receipt`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.accounts.queries.users import FOR_CHANGE
from server.core import ids
from server.core.db import db
from server.webhooks.models import Receipt, Source


class SourceRow(NamedTuple):
    """A row of `webhook_source` without its hash; `settings` are sealed (server.webhooks.source_settings)."""

    id: UUID
    workspace_id: UUID
    name: str
    description: str
    kind: str
    settings: bytes
    event_type: str
    state: str
    labels: dict[str, str]
    revision: int
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None


class ReceiptRow(NamedTuple):
    """A row of `webhook_receipt`."""

    id: UUID
    workspace_id: UUID
    source_id: UUID
    receive_time: datetime
    headers: dict[str, str]
    body: bytes
    outcome: str
    error: str
    event_id: UUID | None


_SOURCE: Final = [getattr(Source, name) for name in SourceRow._fields]
_RECEIPT: Final = [getattr(Receipt, name) for name in ReceiptRow._fields]
_LISTED: Final = [getattr(Receipt, name) for name in ReceiptRow._fields if name != "body"]

# Who sends to a source has named no workspace. The policy `presented` shows the one row that the token hashes to.
_PRESENTED: Final = f"""
SET LOCAL app.key_hashes = %(shown)s;
SELECT {", ".join(SourceRow._fields)} FROM webhook_source WHERE token_hash = ANY (%(hashes)s)
"""  # noqa: S608 - names of columns


def presented(hashes: Sequence[bytes]) -> SourceRow | None:
    """The source whose token has one of these hashes, of any workspace, a deleted one too."""
    shown = ",".join(hashed.hex() for hashed in hashes)
    row = db.execute_sql(_PRESENTED, {"shown": shown, "hashes": list(hashes)}).fetchone()
    return SourceRow._make(row) if row else None


def _of(workspace_id: UUID) -> Any:
    return (Source.workspace == workspace_id) & Source.delete_time.is_null()


def get(workspace_id: UUID, source_id: UUID) -> SourceRow | None:
    """A living source."""
    rows: Any = Source.select(*_SOURCE).where(_of(workspace_id) & (Source.id == source_id)).tuples()
    return next((SourceRow._make(row) for row in rows), None)


def lock(workspace_id: UUID, source_id: UUID) -> SourceRow | None:
    """A living source, held until the transaction ends."""
    query = Source.select(*_SOURCE).where(_of(workspace_id) & (Source.id == source_id)).for_update(FOR_CHANGE)
    rows: Any = query.tuples()
    return next((SourceRow._make(row) for row in rows), None)


def page_of(workspace_id: UUID, *, after: UUID | None, limit: int) -> list[SourceRow]:
    """A page of living sources by id, the newest first."""
    where = _of(workspace_id)
    if after is not None:
        where &= Source.id < after
    rows: Any = Source.select(*_SOURCE).where(where).order_by(Source.id.desc()).limit(limit).tuples()
    return [SourceRow._make(row) for row in rows]


def count(workspace_id: UUID, *, most: int) -> int:
    """How many sources live in the workspace, counted up to `most`."""
    return int(Source.select(Source.id).where(_of(workspace_id)).limit(most).count())


def insert(row: SourceRow, *, token_hash: bytes) -> None:
    """Insert `row`, whose URL ends with the token of this hash."""
    values = {getattr(Source, name): value for name, value in row._asdict().items()}
    Source.insert({**values, Source.token_hash: token_hash}).execute()


def update(workspace_id: UUID, source_id: UUID, **columns: Any) -> None:
    """Set columns of a source."""
    Source.update(**columns).where((Source.workspace == workspace_id) & (Source.id == source_id)).execute()


def keep(row: ReceiptRow) -> None:
    """Insert a receipt."""
    Receipt.insert(**row._asdict()).execute()


def receipt(workspace_id: UUID, source_id: UUID, receipt_id: UUID) -> ReceiptRow | None:
    """A receipt; its id tells in which partition it is."""
    where = (Receipt.workspace_id == workspace_id) & (Receipt.source_id == source_id) & (Receipt.id == receipt_id)
    where &= Receipt.receive_time == ids.time_of(receipt_id)
    rows: Any = Receipt.select(*_RECEIPT).where(where).tuples()
    return next((ReceiptRow._make(row) for row in rows), None)


def receipts(workspace_id: UUID, source_id: UUID, *, after: UUID | None, limit: int) -> list[ReceiptRow]:
    """A page of receipts by id, the newest first, without their bodies."""
    where = (Receipt.workspace_id == workspace_id) & (Receipt.source_id == source_id)
    if after is not None:
        where &= Receipt.id < after
    rows: Any = Receipt.select(*_LISTED).where(where).order_by(Receipt.id.desc()).limit(limit).dicts()
    return [ReceiptRow(**row, body=b"") for row in rows]


def refused(workspace_id: UUID, source_id: UUID, *, since: datetime, most: int) -> int:
    """How many receipts since then were refused, counted up to `most`."""
    where = (Receipt.workspace_id == workspace_id) & (Receipt.source_id == source_id)
    first = UUID(int=int(since.timestamp() * 1000) << 80)
    where &= (Receipt.receive_time >= since) & (Receipt.id >= first) & (Receipt.outcome == "REFUSED")
    return int(Receipt.select(Receipt.id).where(where).limit(most).count())
