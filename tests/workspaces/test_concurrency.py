"""What happens at the same moment, with real threads on committed rows, ends as if it had happened in turn."""

import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest

from server.core import ids, tenancy
from server.core.db import db
from server.core.models import Event
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey
from server.workspaces.roles import Role
from server.workspaces.service.members import refuse_sole_owner
from tests.accounts.factories import make_person
from tests.support.parallel import endings
from tests.workspaces.factories import (
    INVITATIONS,
    KEYS,
    MEMBERS,
    TRANSFERS,
    WORKSPACES,
    by,
    make_invitation,
    make_member,
    make_transfer,
    make_workspace,
    token_of,
    usr,
    ws,
)
from userdata.workspaces.v1 import invitation_pb2, member_pb2, workspace_api_key_pb2, workspace_pb2
from userdata.workspaces.v1.invitation_service_pb2 import (
    AcceptInvitationRequest,
    CreateInvitationRequest,
    DeclineInvitationRequest,
)
from userdata.workspaces.v1.member_service_pb2 import LeaveWorkspaceRequest, RemoveMemberRequest, UpdateMemberRequest
from userdata.workspaces.v1.ownership_transfer_service_pb2 import (
    AcceptOwnershipTransferRequest,
    CancelOwnershipTransferRequest,
)
from userdata.workspaces.v1.workspace_api_key_service_pb2 import CreateWorkspaceApiKeyRequest
from userdata.workspaces.v1.workspace_service_pb2 import CreateWorkspaceRequest

ROUNDS = 5


@pytest.fixture
def ada(committed):
    with tenancy.transaction():
        return make_person()


@pytest.fixture
def acme(ada):
    return founded(ada)


def founded(owner, *others):
    """A committed workspace of these owners."""
    with tenancy.transaction():
        workspace = make_workspace(owner)
        for other in others:
            make_member(workspace, Role.OWNER, person=other)
    return workspace


def joined(workspace, role=Role.MEMBER):
    with tenancy.transaction():
        return make_member(workspace, role)


def owners_of(workspace):
    with tenancy.reading(workspace=workspace.id):
        (owner_id,) = Workspace.select(Workspace.owner).tuples().first()
        rows: Any = Member.select(Member.user).where(Member.role == Role.OWNER).tuples()
        return owner_id, [user_id for (user_id,) in rows]


def leave(person, workspace):
    return by(person)(MEMBERS + "LeaveWorkspace", LeaveWorkspaceRequest(workspace_id=ws(workspace)))


def demote(person, workspace, other):
    request = UpdateMemberRequest(
        workspace_id=ws(workspace), user_id=usr(other), member=member_pb2.Member(role=member_pb2.ROLE_VIEWER)
    )
    return by(person)(MEMBERS + "UpdateMember", request)


def remove(person, workspace, other):
    return by(person)(MEMBERS + "RemoveMember", RemoveMemberRequest(workspace_id=ws(workspace), user_id=usr(other)))


def test_fifty_acceptances_of_one_invitation_make_one_member(acme):
    with tenancy.transaction():
        grace = make_person("grace@example.com")
        token = token_of(make_invitation(acme, "grace@example.com"))
    accept = partial(by(grace), INVITATIONS + "AcceptInvitation", AcceptInvitationRequest(token=token))
    assert Counter(endings([accept] * 50)) == {"OK": 1, "INVITATION_NOT_PENDING": 49}
    with tenancy.reading(workspace=acme.id):
        assert Member.select().where(Member.user == grace.user.id).count() == 1
        assert Event.select().where(Event.type == "workspace.member.added").count() == 1


def test_an_invitation_is_accepted_or_declined_and_not_both(acme):
    for number in range(ROUNDS):
        email = f"p{number}@example.com"
        with tenancy.transaction():
            person = make_person(email)
            row = make_invitation(acme, email)
        token = token_of(row)
        found = endings(
            [
                partial(by(person), INVITATIONS + "AcceptInvitation", AcceptInvitationRequest(token=token)),
                partial(by(person), INVITATIONS + "DeclineInvitation", DeclineInvitationRequest(token=token)),
            ]
        )
        assert sorted(found) == ["INVITATION_NOT_PENDING", "OK"]
        with tenancy.reading(workspace=acme.id):
            assert Invitation.get_by_id(row.id).state == ("ACCEPTED" if found[0] == "OK" else "DECLINED")
            assert Member.select().where(Member.user == person.user.id).count() == (found[0] == "OK")


def test_of_many_invitations_to_one_mailbox_one_is_made(ada, acme):
    def invite(number):
        email = "grace@example.com" if number % 2 else "Grace@Example.com"
        request = CreateInvitationRequest(
            workspace_id=ws(acme), invitation=invitation_pb2.Invitation(email=email, role="ROLE_MEMBER")
        )
        return by(ada)(INVITATIONS + "CreateInvitation", request)

    found = Counter(endings([partial(invite, number) for number in range(10)]))
    assert found == {"OK": 1, "INVITATION_PENDING": 9}


@pytest.mark.parametrize("going", ["leave", "demote each other", "remove each other"])
def test_two_last_owners_who_go_at_once_leave_one(ada, going):
    with tenancy.transaction():
        grace = make_person()
    for _ in range(ROUNDS):
        workspace = founded(ada, grace)
        pairs = ((ada, grace), (grace, ada))
        act = {
            "leave": lambda one, _other, at=workspace: leave(one, at),
            "demote each other": lambda one, other, at=workspace: demote(one, at, other),
            "remove each other": lambda one, other, at=workspace: remove(one, at, other),
        }[going]
        found = endings([partial(act, *pair) for pair in pairs])
        assert found.count("OK") == 1
        assert set(found) <= {"OK", "LAST_OWNER", "PERMISSION_MISSING", "NOT_FOUND"}
        answers_for_it, owners = owners_of(workspace)
        assert owners == [answers_for_it]


def test_two_owners_who_delete_their_accounts_at_once_leave_one(ada):
    with tenancy.transaction():
        grace = make_person()
    workspace = founded(ada, grace)
    both_asked = threading.Barrier(2)
    outcomes = []

    def go(person):
        try:
            with tenancy.transaction(user=person.user.id):
                both_asked.wait(timeout=30)
                refuse_sole_owner(person.user.id)
                person.user.delete_time = person.user.purge_time = person.user.create_time
                person.user.save()
        except Exception as error:  # noqa: BLE001 - what it is, is what the test asks
            outcomes.append(type(error).__name__)
        else:
            outcomes.append("OK")
        finally:
            db.close()

    threads = [threading.Thread(target=go, args=(person,)) for person in (ada, grace)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["LastOwner", "OK"]
    assert len(owners_of(workspace)[1]) == 2


def test_an_offer_is_accepted_or_cancelled_and_not_both(ada):
    with tenancy.transaction():
        grace = make_person()
    for _ in range(ROUNDS):
        workspace = founded(ada)
        with tenancy.transaction():
            make_member(workspace, person=grace)
            offer = make_transfer(workspace, grace)
        named = {"workspace_id": ws(workspace), "ownership_transfer_id": ids.encode("otr", offer.id)}
        found = endings(
            [
                partial(by(grace), TRANSFERS + "AcceptOwnershipTransfer", AcceptOwnershipTransferRequest(**named)),
                partial(by(ada), TRANSFERS + "CancelOwnershipTransfer", CancelOwnershipTransferRequest(**named)),
            ]
        )
        assert found in (["OK", "PERMISSION_MISSING"], ["TRANSFER_NOT_PENDING", "OK"])
        owner = grace if found[0] == "OK" else ada
        assert owners_of(workspace) == (owner.user.id, [owner.user.id])
        with tenancy.reading(workspace=workspace.id):
            assert OwnershipTransfer.get_by_id(offer.id).state == ("ACCEPTED" if found[0] == "OK" else "CANCELLED")


def test_a_key_made_by_somebody_who_is_removed_meanwhile_does_not_work_later(ada, acme):
    request = CreateWorkspaceApiKeyRequest(
        workspace_id=ws(acme),
        api_key=workspace_api_key_pb2.WorkspaceApiKey(name="x", scopes=["workspaces.read"]),
    )
    for _ in range(ROUNDS):
        admin = joined(acme, Role.ADMIN)
        found = endings(
            [partial(by(admin), KEYS + "CreateWorkspaceApiKey", request), partial(remove, ada, acme, admin)]
        )
        assert found[1] == "OK"
        assert found[0] in {"OK", "NOT_FOUND"}
        with tenancy.reading(workspace=acme.id):
            rows = WorkspaceApiKey.select().where(WorkspaceApiKey.owner == admin.user.id)
            assert all(row.revoke_time for row in rows)


def test_of_many_who_want_one_slug_one_gets_it(ada):
    request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(name="Acme", slug="acme"))
    create = partial(by(ada), WORKSPACES + "CreateWorkspace", request)
    assert Counter(endings([create] * 20)) == {"OK": 1, "SLUG_TAKEN": 19}


def test_many_of_one_name_all_get_a_slug(ada):
    request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(name="Acme"))
    create = partial(by(ada), WORKSPACES + "CreateWorkspace", request)
    assert Counter(endings([create] * 20)) == {"OK": 20}


def test_fifty_creations_with_one_idempotency_key_make_one_workspace(ada):
    request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(name="Acme"))
    answers = []

    def create():
        answers.append(by(ada)(WORKSPACES + "CreateWorkspace", request, **{"idempotency-key": "once"}))

    assert Counter(endings([create] * 50)) == {"OK": 50}
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    with tenancy.reading(user=ada.user.id):
        assert Workspace.select().count() == 1
