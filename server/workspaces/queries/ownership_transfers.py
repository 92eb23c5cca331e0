"""Queries on `ownership_transfer`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from server.workspaces.models import EXPIRED, PENDING, OwnershipTransfer
from server.workspaces.queries.rows import OWNERSHIP_TRANSFER, OwnershipTransferRow


def _select(workspace_id: UUID) -> Any:
    return OwnershipTransfer.select(*OWNERSHIP_TRANSFER).where(OwnershipTransfer.workspace == workspace_id)


def _first(query: Any) -> OwnershipTransferRow | None:
    return next((OwnershipTransferRow._make(row) for row in query.tuples()), None)


def get(workspace_id: UUID, transfer_id: UUID) -> OwnershipTransferRow | None:
    """An offer."""
    return _first(_select(workspace_id).where(OwnershipTransfer.id == transfer_id))


def pending(workspace_id: UUID) -> OwnershipTransferRow | None:
    """The offer that is marked as pending, expired or not."""
    return _first(_select(workspace_id).where(OwnershipTransfer.state == PENDING))


def page_of(
    workspace_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    descending: bool,
    now: datetime,
    states: Collection[str] | None = None,
) -> list[OwnershipTransferRow]:
    """A page of offers by id, which is the order of their creation; with `states`, only those in one of them."""
    query = _select(workspace_id)
    if states is not None:
        query = query.where(_is_in(states, now))
    if after is not None:
        query = query.where(OwnershipTransfer.id < after if descending else OwnershipTransfer.id > after)
    query = query.order_by(OwnershipTransfer.id.desc() if descending else OwnershipTransfer.id.asc())
    return [OwnershipTransferRow._make(row) for row in query.limit(limit).tuples()]


def _is_in(states: Collection[str], now: datetime) -> Any:
    is_in: Any = OwnershipTransfer.state.in_([state for state in states if state != PENDING])
    if PENDING in states:
        is_in |= (OwnershipTransfer.state == PENDING) & (OwnershipTransfer.expire_time > now)
    if EXPIRED in states:
        is_in |= (OwnershipTransfer.state == PENDING) & (OwnershipTransfer.expire_time <= now)
    return is_in


def insert(row: OwnershipTransferRow) -> None:
    """Insert `row`."""
    OwnershipTransfer.insert(**row._asdict()).execute()


def update(workspace_id: UUID, transfer_id: UUID, **changes: Any) -> None:
    """Set columns of an offer."""
    where = (OwnershipTransfer.workspace == workspace_id) & (OwnershipTransfer.id == transfer_id)
    OwnershipTransfer.update(**changes).where(where).execute()
