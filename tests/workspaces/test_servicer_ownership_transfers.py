"""OwnershipTransferService: a workspace passes from one person to another, who wants it."""

from datetime import timedelta

import pytest

from server.core import clock, ids
from server.workspaces.models import OwnershipTransfer
from server.workspaces.roles import Role
from tests.accounts.factories import make_key as make_personal_key
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.workspaces.factories import (
    MEMBERS,
    TRANSFERS,
    WORKSPACES,
    Caller,
    alter,
    by,
    events_of,
    make_member,
    make_transfer,
    usr,
    ws,
)
from userdata.workspaces.v1 import member_pb2, ownership_transfer_pb2
from userdata.workspaces.v1.member_service_pb2 import GetMemberRequest, UpdateMemberRequest
from userdata.workspaces.v1.ownership_transfer_service_pb2 import (
    AcceptOwnershipTransferRequest,
    CancelOwnershipTransferRequest,
    CreateOwnershipTransferRequest,
    DeclineOwnershipTransferRequest,
    GetOwnershipTransferRequest,
    ListOwnershipTransfersRequest,
)
from userdata.workspaces.v1.workspace_service_pb2 import GetWorkspaceRequest


def offer(caller, workspace, to):
    request = CreateOwnershipTransferRequest(
        workspace_id=ws(workspace), ownership_transfer=ownership_transfer_pb2.OwnershipTransfer(user_id=usr(to))
    )
    return caller(TRANSFERS + "CreateOwnershipTransfer", request)


def named(row):
    return {"workspace_id": ids.encode("ws", row.workspace), "ownership_transfer_id": ids.encode("otr", row.id)}


def get(person, row):
    return by(person)(TRANSFERS + "GetOwnershipTransfer", GetOwnershipTransferRequest(**named(row)))


def accept(person, row):
    return by(person)(TRANSFERS + "AcceptOwnershipTransfer", AcceptOwnershipTransferRequest(**named(row)))


def decline(person, row):
    return by(person)(TRANSFERS + "DeclineOwnershipTransfer", DeclineOwnershipTransferRequest(**named(row)))


def cancel(person, row):
    return by(person)(TRANSFERS + "CancelOwnershipTransfer", CancelOwnershipTransferRequest(**named(row)))


def role_of(person, workspace, of):
    request = GetMemberRequest(workspace_id=ws(workspace), user_id=usr(of))
    return member_pb2.Role.Name(by(person)(MEMBERS + "GetMember", request).role)


def state_name(transfer):
    return ownership_transfer_pb2.OwnershipTransferState.Name(transfer.state).removeprefix("OWNERSHIP_TRANSFER_STATE_")


def test_an_offer_changes_nothing_until_it_is_accepted(ada, acme):
    grace = make_member(acme)
    made = offer(by(ada), acme, grace)
    assert (made.user_id, made.offerer_id, state_name(made)) == (usr(grace), usr(ada), "PENDING")
    assert made.expire_time.ToDatetime() - made.create_time.ToDatetime() == timedelta(days=7)
    assert role_of(ada, acme, grace) == "ROLE_MEMBER"
    row = OwnershipTransfer.get_by_id(ids.decode("otr", made.id))
    assert get(grace, row) == made


def test_accepting_moves_the_workspace_and_tells(ada, acme):
    grace = make_member(acme, Role.VIEWER)
    done = accept(grace, make_transfer(acme, grace))
    assert state_name(done) == "ACCEPTED"
    assert (role_of(ada, acme, grace), role_of(ada, acme, ada)) == ("ROLE_OWNER", "ROLE_ADMIN")
    workspace = by(ada)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme)))
    assert workspace.owner_id == usr(grace)
    told = [(kind, payload["changes"]) for kind, payload in events_of(acme.id)]
    assert told == [
        ("workspace.member.updated", {"role": {"before": "ROLE_VIEWER", "after": "ROLE_OWNER"}}),
        ("workspace.member.updated", {"role": {"before": "ROLE_OWNER", "after": "ROLE_ADMIN"}}),
        ("workspace.updated", {"owner_id": {"before": usr(ada), "after": usr(grace)}}),
    ]


def test_an_offer_by_a_second_owner_leaves_the_first_an_owner(ada, acme):
    second, grace = make_member(acme, Role.OWNER), make_member(acme)
    accept(grace, make_transfer(acme, grace, offerer=second.user.id))
    roles = [role_of(ada, acme, person) for person in (ada, second, grace)]
    assert roles == ["ROLE_OWNER", "ROLE_ADMIN", "ROLE_OWNER"]


def test_one_who_became_an_owner_meanwhile_accepts_as_well(ada, acme):
    grace = make_member(acme)
    row = make_transfer(acme, grace)
    request = UpdateMemberRequest(
        workspace_id=ws(acme), user_id=usr(grace), member=member_pb2.Member(role=member_pb2.ROLE_OWNER)
    )
    by(ada)(MEMBERS + "UpdateMember", request)
    accept(grace, row)
    changes = [payload["changes"] for kind, payload in events_of(acme.id)[1:] if kind == "workspace.member.updated"]
    assert changes == [{"role": {"before": "ROLE_OWNER", "after": "ROLE_ADMIN"}}]


@pytest.mark.parametrize("answer", [accept, decline])
def test_only_the_addressee_answers(ada, acme, answer):
    row = make_transfer(acme, make_member(acme))
    for person in (ada, make_member(acme, Role.OWNER)):
        with pytest.raises(RpcError) as error:
            answer(person, row)
        assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "TRANSFER_NOT_ADDRESSEE")


def test_declining_and_cancelling_change_no_role(ada, acme):
    grace = make_member(acme)
    assert state_name(decline(grace, make_transfer(acme, grace))) == "DECLINED"
    assert state_name(cancel(ada, make_transfer(acme, grace))) == "CANCELLED"
    assert role_of(ada, acme, grace) == "ROLE_MEMBER"
    with pytest.raises(RpcError, match="PERMISSION_MISSING"):
        cancel(grace, make_transfer(acme, grace))


@pytest.mark.parametrize("state", ["ACCEPTED", "DECLINED", "CANCELLED"])
def test_what_is_answered_is_answered(ada, acme, state):
    grace = make_member(acme)
    row = make_transfer(acme, grace, state=state)
    for call in (lambda: accept(grace, row), lambda: decline(grace, row), lambda: cancel(ada, row)):
        with pytest.raises(RpcError) as error:
            call()
        assert (error.value.reason, error.value.metadata) == (
            "TRANSFER_NOT_PENDING",
            {"state": f"OWNERSHIP_TRANSFER_STATE_{state}"},
        )


def test_after_seven_days_it_is_too_late(ada, acme):
    grace = make_member(acme)
    row = make_transfer(acme, grace, expire_time=clock.now())
    assert state_name(get(grace, row)) == "EXPIRED"
    for call in (lambda: accept(grace, row), lambda: decline(grace, row), lambda: cancel(ada, row)):
        with pytest.raises(RpcError, match="TRANSFER_EXPIRED"):
            call()
    offer(by(ada), acme, grace)
    assert OwnershipTransfer.get_by_id(row.id).state == "EXPIRED"


def test_one_offer_at_a_time_to_a_member_who_is_no_owner(ada, acme):
    grace, other = make_member(acme), make_member(acme, Role.OWNER)
    cases = [(make_person(), "TRANSFER_TO_NON_MEMBER"), (other, "TRANSFER_TO_OWNER"), (ada, "TRANSFER_TO_OWNER")]
    for person, reason in cases:
        with pytest.raises(RpcError) as error:
            offer(by(ada), acme, person)
        assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", reason)
    made = offer(by(ada), acme, grace)
    with pytest.raises(RpcError) as error:
        offer(by(other), acme, grace)
    assert (error.value.reason, error.value.metadata) == ("TRANSFER_PENDING", {"ownership_transfer_id": made.id})


def test_only_owners_offer_and_only_in_person(ada, acme):
    grace = make_member(acme)
    with pytest.raises(RpcError, match="PERMISSION_MISSING"):
        offer(by(make_member(acme, Role.ADMIN)), acme, grace)
    _, key = make_personal_key(ada.user, "ownership.transfer")
    with pytest.raises(RpcError, match="SESSION_REQUIRED"):
        offer(Caller(key), acme, grace)


def test_who_offered_and_is_no_owner_any_more_cannot_give_it_away(ada, acme):
    second, grace = make_member(acme, Role.OWNER), make_member(acme)
    row = make_transfer(acme, grace, offerer=second.user.id)
    request = UpdateMemberRequest(
        workspace_id=ws(acme), user_id=usr(second), member=member_pb2.Member(role=member_pb2.ROLE_ADMIN)
    )
    by(ada)(MEMBERS + "UpdateMember", request)
    with pytest.raises(RpcError, match="TRANSFER_NOT_PENDING"):
        accept(grace, row)


def test_lists_newest_first_and_by_state(ada, acme):
    grace = make_member(acme)
    rows = [make_transfer(acme, grace, state=state) for state in ("DECLINED", "CANCELLED", "PENDING")]

    def listed(**fields):
        request = ListOwnershipTransfersRequest(workspace_id=ws(acme), **fields)
        return by(grace)(TRANSFERS + "ListOwnershipTransfers", request)

    first = listed(page_size=2)
    rest = listed(page_size=2, page_token=first.next_page_token)
    found = [*first.ownership_transfers, *rest.ownership_transfers]
    assert [transfer.id for transfer in found] == [ids.encode("otr", row.id) for row in rows[::-1]]
    (pending,) = listed(filter="state = OWNERSHIP_TRANSFER_STATE_PENDING").ownership_transfers
    assert pending.id == ids.encode("otr", rows[2].id)


def test_a_deleted_workspace_is_not_passed_on(ada, acme):
    grace = make_member(acme)
    row = make_transfer(acme, grace)
    alter(acme, delete_time=clock.now(), purge_time=clock.now() + timedelta(days=30))
    for call in (lambda: get(grace, row), lambda: accept(grace, row), lambda: decline(grace, row)):
        with pytest.raises(RpcError, match="WORKSPACE_DELETED"):
            call()
