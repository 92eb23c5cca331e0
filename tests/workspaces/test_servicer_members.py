"""MemberService: who is in a workspace, with which rights, and how that ends."""

from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from server.core import ids, tenancy
from server.workspaces.errors import LastOwner
from server.workspaces.models import Member, OwnershipTransfer, Workspace, WorkspaceApiKey
from server.workspaces.roles import Role
from server.workspaces.service.members import refuse_sole_owner
from tests.accounts.factories import make_key as make_personal_key
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.workspaces.factories import (
    KEYS,
    MEMBERS,
    WORKSPACES,
    Caller,
    alter,
    by,
    events_of,
    make_key,
    make_member,
    make_transfer,
    make_workspace,
    usr,
    ws,
)
from userdata.workspaces.v1 import member_pb2
from userdata.workspaces.v1.member_service_pb2 import (
    GetMemberRequest,
    LeaveWorkspaceRequest,
    ListMembersRequest,
    RemoveMemberRequest,
    UpdateMemberRequest,
)
from userdata.workspaces.v1.workspace_api_key_service_pb2 import ReassignWorkspaceApiKeyRequest
from userdata.workspaces.v1.workspace_service_pb2 import GetWorkspaceRequest


def get(caller, workspace, person):
    return caller(MEMBERS + "GetMember", GetMemberRequest(workspace_id=ws(workspace), user_id=usr(person)))


def listed(person, workspace, **fields):
    return by(person)(MEMBERS + "ListMembers", ListMembersRequest(workspace_id=ws(workspace), **fields))


def update(caller, workspace, person, *paths, **fields):
    request = UpdateMemberRequest(
        workspace_id=ws(workspace),
        user_id=usr(person),
        member=member_pb2.Member(**fields),
        update_mask=FieldMask(paths=paths),
    )
    return caller(MEMBERS + "UpdateMember", request)


def remove(caller, workspace, person, etag=""):
    request = RemoveMemberRequest(workspace_id=ws(workspace), user_id=usr(person), etag=etag)
    return caller(MEMBERS + "RemoveMember", request)


def leave(person, workspace):
    return by(person)(MEMBERS + "LeaveWorkspace", LeaveWorkspaceRequest(workspace_id=ws(workspace)))


def get_workspace(person, workspace):
    return by(person)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(workspace)))


def roles_in(workspace):
    tenancy.enter(workspace.id)
    rows: Any = Member.select(Member.user, Member.role).where(Member.workspace == workspace.id).tuples()
    return dict(rows)


class TestList:
    def test_gives_everybody_with_a_summary_in_the_order_they_came(self, ada, acme):
        grace = make_member(acme, Role.ADMIN, person=make_person("grace@example.com", display_name="Grace Hopper"))
        first, second = listed(grace, acme).members
        assert (first.user.id, first.role) == (usr(ada), member_pb2.ROLE_OWNER)
        assert (second.user.email, second.user.display_name) == ("grace@example.com", "Grace Hopper")
        assert second == get(by(ada), acme, grace)

    def test_pages_in_both_directions(self, ada, acme):
        people = [usr(ada), *(usr(make_member(acme)) for _ in range(4))]
        for order, expected in (("create_time", people), ("create_time desc", people[::-1])):
            seen, token = [], ""
            for _ in range(3):
                page = listed(ada, acme, page_size=2, page_token=token, order_by=order)
                seen += [member.user.id for member in page.members]
                token = page.next_page_token
            assert (seen, token) == (expected, "")

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ("role = ROLE_ADMIN", {"ROLE_ADMIN"}),
            ("role != ROLE_OWNER", {"ROLE_ADMIN", "ROLE_VIEWER"}),
            ("role != ROLE_OWNER AND role != ROLE_ADMIN", {"ROLE_VIEWER"}),
            ("role = ROLE_ADMIN AND role = ROLE_OWNER", set()),
        ],
    )
    def test_filters_by_role(self, ada, acme, wanted, expected):
        make_member(acme, Role.ADMIN)
        make_member(acme, Role.VIEWER)
        assert {member_pb2.Role.Name(m.role) for m in listed(ada, acme, filter=wanted).members} == expected

    @pytest.mark.parametrize("wanted", ["role = ROLE_KING", "role = OWNER", "email = x", "role"])
    def test_refuses_other_filters(self, ada, acme, wanted):
        with pytest.raises(RpcError, match="FILTER_INVALID"):
            listed(ada, acme, filter=wanted)

    def test_shows_a_purged_person_without_a_name(self, ada, acme):
        gone = make_member(acme)
        gone.user.email = gone.user.email_key = None
        gone.user.display_name = ""
        gone.user.save()
        user = get(by(ada), acme, gone).user
        assert (user.id, user.email, user.display_name) == (usr(gone), "", "")

    def test_somebody_who_is_no_member_is_not_found(self, ada, acme):
        with pytest.raises(RpcError, match="NOT_FOUND"):
            get(by(ada), acme, make_person())


class TestUpdate:
    def test_changes_role_and_permissions_and_tells(self, ada, acme):
        grace = make_member(acme, Role.VIEWER)
        before = get(by(ada), acme, grace)
        after = update(
            by(ada), acme, grace, role=member_pb2.ROLE_MEMBER, extra_permissions=["invitations.write"], etag=before.etag
        )
        assert (after.role, list(after.extra_permissions)) == (member_pb2.ROLE_MEMBER, ["invitations.write"])
        assert after.etag != before.etag
        assert after == get(by(ada), acme, grace)
        assert events_of(acme.id) == [
            (
                "workspace.member.updated",
                {
                    "workspaceId": ws(acme),
                    "userId": usr(grace),
                    "changes": {
                        "role": {"before": "ROLE_VIEWER", "after": "ROLE_MEMBER"},
                        "extra_permissions": {"before": None, "after": ["invitations.write"]},
                    },
                },
            )
        ]

    def test_extra_permissions_count_at_once(self, ada, acme):
        grace, other = make_member(acme, Role.VIEWER), make_member(acme, Role.VIEWER)
        with pytest.raises(RpcError, match="PERMISSION_MISSING"):
            remove(by(grace), acme, other)
        update(by(ada), acme, grace, extra_permissions=["members.write"])
        remove(by(grace), acme, other)
        update(by(ada), acme, grace, "extra_permissions")
        with pytest.raises(RpcError, match="PERMISSION_MISSING"):
            remove(by(grace), acme, ada)

    def test_a_stale_etag_is_refused(self, ada, acme):
        grace = make_member(acme)
        etag = get(by(ada), acme, grace).etag
        update(by(ada), acme, grace, role=member_pb2.ROLE_VIEWER)
        with pytest.raises(RpcError, match="ETAG_MISMATCH"):
            update(by(ada), acme, grace, role=member_pb2.ROLE_ADMIN, etag=etag)

    def test_the_etag_of_an_earlier_membership_is_stale(self, ada, acme):
        grace = make_member(acme)
        etag = get(by(ada), acme, grace).etag
        remove(by(ada), acme, grace)
        make_member(acme, person=grace)
        with pytest.raises(RpcError, match="ETAG_MISMATCH"):
            remove(by(ada), acme, grace, etag)

    @pytest.mark.parametrize(
        ("own", "theirs", "wanted", "refused"),
        [
            (Role.ADMIN, Role.MEMBER, Role.ADMIN, False),
            (Role.ADMIN, Role.ADMIN, Role.VIEWER, False),
            (Role.ADMIN, Role.MEMBER, Role.OWNER, True),
            (Role.ADMIN, Role.OWNER, Role.ADMIN, True),
            (Role.OWNER, Role.MEMBER, Role.OWNER, False),
            (Role.OWNER, Role.OWNER, Role.MEMBER, False),
        ],
    )
    def test_nobody_reaches_above_the_own_role(self, ada, acme, own, theirs, wanted, refused):
        caller, target = make_member(acme, own), make_member(acme, theirs)
        if refused:
            with pytest.raises(RpcError) as error:
                update(by(caller), acme, target, role=f"ROLE_{wanted}")
            assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "ROLE_NOT_GRANTABLE")
            assert error.value.metadata == {"role": "ROLE_OWNER"}
        else:
            assert update(by(caller), acme, target, role=f"ROLE_{wanted}").role == member_pb2.Role.Value(
                f"ROLE_{wanted}"
            )

    def test_an_admin_cannot_even_touch_the_extra_permissions_of_an_owner(self, ada, acme):
        with pytest.raises(RpcError, match="ROLE_NOT_GRANTABLE"):
            update(by(make_member(acme, Role.ADMIN)), acme, ada, extra_permissions=["members.read"])

    def test_a_permission_one_lacks_cannot_be_given_but_may_stay(self, ada, acme):
        admin, grace = make_member(acme, Role.ADMIN), make_member(acme, Role.VIEWER, "workspaces.delete")
        with pytest.raises(RpcError) as error:
            update(by(admin), acme, grace, extra_permissions=["ownership.transfer"])
        assert (error.value.reason, error.value.metadata) == (
            "PERMISSION_NOT_HELD",
            {"permission": "ownership.transfer"},
        )
        kept = update(by(admin), acme, grace, extra_permissions=["workspaces.delete", "members.write"])
        assert list(kept.extra_permissions) == ["workspaces.delete", "members.write"]
        with pytest.raises(RpcError, match="PERMISSION_UNKNOWN"):
            update(by(ada), acme, grace, extra_permissions=["members.fly"])
        with pytest.raises(RpcError, match="PERMISSION_NOT_HELD"):
            update(by(ada), acme, grace, extra_permissions=["workspaces.create"])

    def test_a_narrow_api_key_cannot_give_what_it_may_not_use(self, ada, acme):
        grace = make_member(acme, Role.VIEWER)
        _, key = make_personal_key(ada.user, "members.write")
        with pytest.raises(RpcError, match="ROLE_NOT_GRANTABLE"):
            update(Caller(key), acme, grace, role=member_pb2.ROLE_ADMIN)
        with pytest.raises(RpcError, match="PERMISSION_NOT_HELD"):
            update(Caller(key), acme, grace, extra_permissions=["workspaces.delete"])
        remove(Caller(key), acme, grace)

    def test_the_last_owner_stays_one(self, ada, acme):
        with pytest.raises(RpcError) as error:
            update(by(ada), acme, ada, role=member_pb2.ROLE_ADMIN)
        assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "LAST_OWNER")
        assert error.value.metadata == {"workspace_id": ws(acme)}

    def test_an_owner_whose_account_is_deleted_does_not_count(self, ada, acme):
        gone = make_member(acme, Role.OWNER)
        gone.user.delete_time = gone.user.purge_time = gone.user.create_time
        gone.user.save()
        with pytest.raises(RpcError, match="LAST_OWNER"):
            update(by(ada), acme, ada, role=member_pb2.ROLE_ADMIN)

    def test_when_the_one_who_answers_steps_down_the_longest_standing_owner_does(self, ada, acme):
        grace, joan = make_member(acme, Role.OWNER), make_member(acme, Role.OWNER)
        update(by(ada), acme, ada, role=member_pb2.ROLE_VIEWER)
        assert get_workspace(joan, acme).owner_id == usr(grace)
        kinds = [(kind, payload["changes"].keys()) for kind, payload in events_of(acme.id)]
        assert kinds == [("workspace.updated", {"owner_id"}), ("workspace.member.updated", {"role"})]

    def test_nothing_to_change_changes_nothing(self, ada, acme):
        before = get(by(ada), acme, ada)
        assert update(by(ada), acme, ada, role=member_pb2.ROLE_OWNER) == before
        assert events_of(acme.id) == []

    @pytest.mark.parametrize(
        ("reason", "paths"),
        [("UPDATE_MASK_INVALID", ("user",)), ("VALIDATION_FAILED", ("role",)), ("VALIDATION_FAILED", ("*",))],
    )
    def test_refuses_masks_that_make_no_sense(self, ada, acme, reason, paths):
        with pytest.raises(RpcError) as error:
            update(by(ada), acme, make_member(acme), *paths, extra_permissions=["members.read"])
        assert error.value.reason == reason


class TestEnd:
    def test_removing_ends_all_rights_and_tells(self, ada, acme):
        grace = make_member(acme, Role.ADMIN)
        row, key = make_key(acme, grace, "workspaces.read")
        remove(by(ada), acme, grace, get(by(ada), acme, grace).etag)
        with pytest.raises(RpcError, match="NOT_FOUND"):
            get_workspace(grace, acme)
        with pytest.raises(RpcError, match="API_KEY_REVOKED"):
            Caller(key)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme)))
        revoked, removed = events_of(acme.id)
        assert revoked[0] == "api_key.revoked"
        assert revoked[1]["apiKeyId"] == ids.encode("key", row.id)
        assert removed == (
            "workspace.member.removed",
            {"workspaceId": ws(acme), "userId": usr(grace), "role": "ROLE_ADMIN"},
        )
        with pytest.raises(RpcError, match="NOT_FOUND"):
            remove(by(ada), acme, grace)

    def test_a_key_that_was_taken_over_survives(self, ada, acme):
        grace = make_member(acme, Role.ADMIN)
        row, key = make_key(acme, grace, "workspaces.read")
        request = ReassignWorkspaceApiKeyRequest(workspace_id=ws(acme), api_key_id=ids.encode("key", row.id))
        assert by(ada)(KEYS + "ReassignWorkspaceApiKey", request).owner_id == usr(ada)
        remove(by(ada), acme, grace)
        assert Caller(key)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme))).id == ws(acme)

    def test_an_admin_removes_members_and_not_owners(self, ada, acme):
        admin = make_member(acme, Role.ADMIN)
        remove(by(admin), acme, make_member(acme, Role.ADMIN))
        make_member(acme, Role.OWNER)
        with pytest.raises(RpcError, match="ROLE_NOT_GRANTABLE"):
            remove(by(admin), acme, ada)
        _, key = make_key(acme, ada, "members.write")
        remove(Caller(key), acme, admin)

    def test_leaving(self, ada, acme):
        grace = make_member(acme, Role.VIEWER)
        leave(grace, acme)
        with pytest.raises(RpcError, match="NOT_FOUND"):
            leave(grace, acme)
        with pytest.raises(RpcError, match="LAST_OWNER"):
            leave(ada, acme)
        assert roles_in(acme) == {ada.user.id: "OWNER"}

    def test_an_api_key_cannot_leave_for_its_owner(self, ada, acme):
        _, personal = make_personal_key(ada.user, "workspaces.read")
        with pytest.raises(RpcError, match="SESSION_REQUIRED"):
            Caller(personal)(MEMBERS + "LeaveWorkspace", LeaveWorkspaceRequest(workspace_id=ws(acme)))

    def test_an_owner_leaves_when_another_stays_and_offers_end_with_them(self, ada, acme):
        grace = make_member(acme, Role.OWNER)
        offer = make_transfer(acme, make_member(acme))
        leave(ada, acme)
        assert get_workspace(grace, acme).owner_id == usr(grace)
        assert OwnershipTransfer.get_by_id(offer.id).state == "CANCELLED"

    def test_an_offer_to_somebody_who_leaves_is_cancelled(self, ada, acme):
        grace = make_member(acme)
        offer = make_transfer(acme, grace)
        leave(grace, acme)
        assert OwnershipTransfer.get_by_id(offer.id).state == "CANCELLED"

    def test_other_workspaces_of_the_person_are_left_alone(self, ada, acme):
        grace = make_member(acme)
        other = make_workspace(grace)
        row, _ = make_key(other, grace)
        leave(grace, acme)
        tenancy.enter(other.id)
        assert WorkspaceApiKey.get_by_id(row.id).revoke_time is None
        assert get_workspace(grace, other).owner_id == usr(grace)


class TestSoleOwner:
    def test_may_not_go(self, ada, acme):
        with pytest.raises(LastOwner) as error:
            refuse_sole_owner(ada.user.id)
        assert error.value.metadata == {"workspace_id": ws(acme)}

    def test_may_go_when_others_own_what_lives(self, ada, acme):
        make_member(acme, Role.OWNER)
        gone = make_workspace(ada)
        alter(gone, delete_time=gone.create_time, purge_time=gone.create_time)
        theirs = make_workspace(make_person())
        make_member(theirs, person=ada)
        refuse_sole_owner(ada.user.id)

    def test_asked_by_somebody_else_and_the_scope_is_as_before(self, ada, acme):
        tenancy.switch(workspace=None, user=make_person().user.id)
        with pytest.raises(LastOwner):
            refuse_sole_owner(ada.user.id)
        make_member(acme, Role.OWNER)
        refuse_sole_owner(ada.user.id)
        assert list(Workspace.select()) == []
