"""Queries on `invitation`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core.db import Prepared, Slot
from server.workspaces.models import EXPIRED, PENDING, Invitation
from server.workspaces.queries.rows import INVITATION, InvitationRow

_BY_ID: Final = Prepared(
    lambda: Invitation.select(*INVITATION).where(
        (Invitation.workspace == Slot("workspace")) & (Invitation.id == Slot("invitation"))
    )
)


def _select(workspace_id: UUID) -> Any:
    return Invitation.select(*INVITATION).where(Invitation.workspace == workspace_id)


def get(workspace_id: UUID, invitation_id: UUID) -> InvitationRow | None:
    """An invitation."""
    row = _BY_ID.row(workspace=workspace_id, invitation=invitation_id)
    return InvitationRow._make(row) if row else None


def pending_with(workspace_id: UUID, email_key: str) -> InvitationRow | None:
    """The invitation to this e-mail that is marked as pending, expired or not."""
    query = _select(workspace_id).where((Invitation.email_key == email_key) & (Invitation.state == PENDING))
    return next((InvitationRow._make(row) for row in query.tuples()), None)


def count_pending(workspace_id: UUID, *, now: datetime, most: int) -> int:
    """How many invitations are pending, counted up to `most`."""
    pending = (Invitation.state == PENDING) & (Invitation.expire_time > now)
    query = Invitation.select(Invitation.id).where((Invitation.workspace == workspace_id) & pending)
    return int(query.limit(most).count())


def page_of(
    workspace_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    descending: bool,
    now: datetime,
    states: Collection[str] | None = None,
) -> list[InvitationRow]:
    """A page of invitations by id, which is the order of their creation; with `states`, only those in one of them."""
    query = _select(workspace_id)
    if states is not None:
        query = query.where(_is_in(states, now))
    if after is not None:
        query = query.where(Invitation.id < after if descending else Invitation.id > after)
    query = query.order_by(Invitation.id.desc() if descending else Invitation.id.asc()).limit(limit)
    return [InvitationRow._make(row) for row in query.tuples()]


def _is_in(states: Collection[str], now: datetime) -> Any:
    is_in: Any = Invitation.state.in_([state for state in states if state != PENDING])
    if PENDING in states:
        is_in |= (Invitation.state == PENDING) & (Invitation.expire_time > now)
    if EXPIRED in states:
        is_in |= (Invitation.state == PENDING) & (Invitation.expire_time <= now)
    return is_in


def insert(row: InvitationRow) -> None:
    """Insert `row`. Raises peewee.IntegrityError of `invitation_pending` when the e-mail has a pending one."""
    Invitation.insert(**row._asdict()).execute()


def update(workspace_id: UUID, invitation_id: UUID, **changes: Any) -> None:
    """Set columns of an invitation."""
    where = (Invitation.workspace == workspace_id) & (Invitation.id == invitation_id)
    Invitation.update(**changes).where(where).execute()
