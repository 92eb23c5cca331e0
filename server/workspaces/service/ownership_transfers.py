"""Offering a workspace to a member, and answering the offer."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from server.core import clock, ids, jobs, paging
from server.core.call import Call
from server.core.errors import NotFound
from server.core.paging import Page
from server.workspaces import convert
from server.workspaces.errors import (
    TransferExpired,
    TransferNotAddressee,
    TransferNotPending,
    TransferPending,
    TransferToNonMember,
    TransferToOwner,
)
from server.workspaces.models import EXPIRED, PENDING
from server.workspaces.queries import members as member_queries
from server.workspaces.queries import ownership_transfers as queries
from server.workspaces.queries import workspaces
from server.workspaces.queries.rows import OwnershipTransferRow
from server.workspaces.roles import Role
from server.workspaces.service import access, members, ownership
from server.workspaces.service.wanted import words
from userdata.jobs.v1.mail_pb2 import SendOwnershipOfferEmail

LIFETIME: Final = timedelta(days=7)


def create(caller: Call, user_id: UUID) -> OwnershipTransferRow:
    """An offer to the member `user_id`, who is told by mail.

    Raises TransferToNonMember, TransferToOwner, TransferPending.
    """
    workspace = access.hold(caller)
    member = member_queries.get(workspace.id, user_id)
    if member is None:
        raise TransferToNonMember
    if member.role == Role.OWNER:
        raise TransferToOwner
    _make_way(workspace.id)
    now = clock.now()
    row = OwnershipTransferRow(
        id=ids.new(),
        workspace_id=workspace.id,
        user_id=user_id,
        offerer_id=caller.caller.own_id,
        state=PENDING,
        expire_time=now + LIFETIME,
        revision=1,
        create_time=now,
        update_time=now,
    )
    queries.insert(row)
    jobs.enqueue(
        SendOwnershipOfferEmail(
            workspace_id=ids.encode("ws", workspace.id), ownership_transfer_id=ids.encode("otr", row.id)
        )
    )
    return row


def _make_way(workspace_id: UUID) -> None:
    other = queries.pending(workspace_id)
    if other is None:
        return
    if other.expire_time > clock.now():
        raise TransferPending(ownership_transfer_id=ids.encode("otr", other.id))
    queries.update(workspace_id, other.id, state=EXPIRED)


def get(workspace_id: UUID, transfer_id: UUID) -> OwnershipTransferRow:
    """An offer for a living workspace."""
    access.require_living(workspaces.get(workspace_id))
    row = queries.get(workspace_id, transfer_id)
    if row is None:
        raise NotFound
    return row


def page_of(workspace_id: UUID, page: Page, *, wanted: str, order_by: str) -> tuple[list[OwnershipTransferRow], str]:
    """A page of the offers that the filter `wanted` lets through, and the token of the next one."""
    access.require_living(workspaces.get(workspace_id))
    rows = queries.page_of(
        workspace_id,
        after=UUID(page.after[0]) if page.after else None,
        limit=page.limit,
        descending=paging.descending(order_by, "create_time", default=True),
        now=clock.now(),
        states=words(wanted, field="state", named=convert.TRANSFER_STATE_WORDS),
    )
    return page.cut(rows, lambda row: [str(row.id)])


def accept(caller: Call, transfer_id: UUID) -> OwnershipTransferRow:
    """The accepted offer: the caller is the owner, who made the offer is an admin.

    Raises TransferNotAddressee, TransferNotPending, TransferExpired.
    """
    workspace = access.hold(caller)
    offer = _addressed(caller, transfer_id)
    heir = members.get(workspace.id, offer.user_id)
    if heir.role != Role.OWNER:
        members.save(heir, heir._replace(role=Role.OWNER))
    offerer = member_queries.get(workspace.id, offer.offerer_id)
    if offerer is not None and offerer.role == Role.OWNER:
        members.save(offerer, offerer._replace(role=Role.ADMIN))
    ownership.pass_on(workspace, offer.user_id)
    return _answer(offer, "ACCEPTED")


def decline(caller: Call, transfer_id: UUID) -> OwnershipTransferRow:
    """The declined offer. Raises TransferNotAddressee, TransferNotPending, TransferExpired."""
    access.hold(caller)
    return _answer(_addressed(caller, transfer_id), "DECLINED")


def cancel(caller: Call, transfer_id: UUID) -> OwnershipTransferRow:
    """The cancelled offer. Raises TransferNotPending, TransferExpired."""
    workspace = access.hold(caller)
    return _answer(_require_open(get(workspace.id, transfer_id)), "CANCELLED")


def _addressed(caller: Call, transfer_id: UUID) -> OwnershipTransferRow:
    row = get(caller.workspace, transfer_id)
    if row.user_id != caller.caller.own_id:
        raise TransferNotAddressee
    return _require_open(row)


def _require_open(row: OwnershipTransferRow) -> OwnershipTransferRow:
    if row.state == EXPIRED or (row.state == PENDING and row.expire_time <= clock.now()):
        raise TransferExpired
    if row.state != PENDING:
        raise TransferNotPending(state=convert.transfer_state(row))
    return row


def _answer(row: OwnershipTransferRow, state: str) -> OwnershipTransferRow:
    after = row._replace(state=state, revision=row.revision + 1, update_time=clock.now())
    queries.update(row.workspace_id, row.id, state=state, revision=after.revision, update_time=after.update_time)
    return after
