"""InvitationService: inviting by e-mail and answering with the token of the mail."""

from datetime import UTC, timedelta

import pytest

from server.core import clock, ids, tenancy
from server.core.db import db
from server.core.models import Job
from server.workspaces.models import Invitation, Member
from server.workspaces.roles import Role
from server.workspaces.service import invitations as service
from tests.accounts.factories import make_key as make_personal_key
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.support.database import as_owner
from tests.workspaces.factories import (
    INVITATIONS,
    WORKSPACES,
    Caller,
    alter,
    by,
    events_of,
    make_invitation,
    make_key,
    make_member,
    make_workspace,
    token_of,
    usr,
    ws,
)
from userdata.jobs.v1.mail_pb2 import SendInvitationEmail
from userdata.workspaces.v1 import invitation_pb2, member_pb2
from userdata.workspaces.v1.invitation_service_pb2 import (
    AcceptInvitationRequest,
    CreateInvitationRequest,
    DeclineInvitationRequest,
    GetInvitationRequest,
    ListInvitationsRequest,
    PreviewInvitationRequest,
    ResendInvitationRequest,
    RevokeInvitationRequest,
)
from userdata.workspaces.v1.workspace_service_pb2 import GetWorkspaceRequest

NOBODY = Caller(None)


def invite(caller, workspace, email="grace@example.com", role="ROLE_MEMBER", **fields):
    invitation = invitation_pb2.Invitation(email=email, role=role, **fields)
    return caller(
        INVITATIONS + "CreateInvitation", CreateInvitationRequest(workspace_id=ws(workspace), invitation=invitation)
    )


def named(row):
    return {"workspace_id": ids.encode("ws", row.workspace), "invitation_id": ids.encode("inv", row.id)}


def get(caller, row):
    return caller(INVITATIONS + "GetInvitation", GetInvitationRequest(**named(row)))


def resend(caller, row):
    return caller(INVITATIONS + "ResendInvitation", ResendInvitationRequest(**named(row)))


def revoke(caller, row, etag=""):
    return caller(INVITATIONS + "RevokeInvitation", RevokeInvitationRequest(**named(row), etag=etag))


def preview(token):
    return NOBODY(INVITATIONS + "PreviewInvitation", PreviewInvitationRequest(token=token))


def accept(person, token):
    return by(person)(INVITATIONS + "AcceptInvitation", AcceptInvitationRequest(token=token))


def decline(token):
    return NOBODY(INVITATIONS + "DeclineInvitation", DeclineInvitationRequest(token=token))


def state_of(row):
    tenancy.enter(row.workspace)
    return Invitation.get_by_id(row.id).state


def expire(row):
    tenancy.enter(row.workspace)
    Invitation.update(expire_time=clock.now()).where(Invitation.id == row.id).execute()


class TestCreate:
    def test_invites_for_seven_days_and_has_it_mailed(self, committed):
        with tenancy.transaction():
            ada = make_person()
            acme = make_workspace(ada)
        made = invite(by(ada), acme, "Grace@Example.com", "ROLE_ADMIN")
        assert (made.email, made.role, made.state) == (
            "Grace@Example.com",
            member_pb2.ROLE_ADMIN,
            invitation_pb2.INVITATION_STATE_PENDING,
        )
        assert made.inviter_id == usr(ada)
        assert made.expire_time.ToDatetime() - made.create_time.ToDatetime() == timedelta(days=7)
        with as_owner(committed.url) as cursor:
            cursor.execute("SELECT type, payload FROM job")
            ((kind, payload),) = cursor.fetchall()
        assert kind == "userdata.jobs.v1.SendInvitationEmail"
        assert SendInvitationEmail.FromString(payload) == SendInvitationEmail(
            workspace_id=ws(acme), invitation_id=made.id
        )

    def test_tells_of_it_without_the_token(self, ada, acme):
        made = invite(by(ada), acme)
        ((kind, payload),) = events_of(acme.id)
        assert (kind, payload["invitation"]["id"]) == ("workspace.invitation.created", made.id)
        row = Invitation.get_by_id(ids.decode("inv", made.id))
        assert token_of(row) not in str(payload) + str(made)

    def test_may_expire_later_but_not_after_thirty_days(self, ada, acme):
        at = clock.now() + timedelta(days=29)
        assert invite(by(ada), acme, expire_time=at).expire_time.ToDatetime(tzinfo=UTC) == at
        for late in (timedelta(days=31), timedelta(seconds=-1)):
            with pytest.raises(RpcError) as error:
                invite(by(ada), acme, "b@example.com", expire_time=clock.now() + late)
            assert list(error.value.violations) == ["invitation.expire_time"]

    def test_a_member_is_not_invited(self, ada, acme):
        make_member(acme, person=make_person("grace@example.com"))
        with pytest.raises(RpcError) as error:
            invite(by(ada), acme, "GRACE@example.com")
        assert (error.value.code, error.value.reason, error.value.metadata) == (
            "ALREADY_EXISTS",
            "ALREADY_MEMBER",
            {"workspace_id": ws(acme)},
        )

    def test_an_open_invitation_stands_in_the_way_and_an_expired_one_gives_way(self, ada, acme):
        row = make_invitation(acme, "grace@example.com")
        with pytest.raises(RpcError) as error:
            invite(by(ada), acme, "Grace@example.com")
        assert (error.value.reason, error.value.metadata) == (
            "INVITATION_PENDING",
            {"invitation_id": ids.encode("inv", row.id)},
        )
        expire(row)
        assert invite(by(ada), acme, "Grace@example.com").state == invitation_pb2.INVITATION_STATE_PENDING
        assert state_of(row) == "EXPIRED"

    def test_nobody_invites_above_the_own_role(self, ada, acme):
        admin = make_member(acme, Role.ADMIN)
        assert invite(by(admin), acme, "b@example.com", "ROLE_ADMIN").role == member_pb2.ROLE_ADMIN
        with pytest.raises(RpcError) as error:
            invite(by(admin), acme, role="ROLE_OWNER")
        assert (error.value.reason, error.value.metadata) == ("ROLE_NOT_GRANTABLE", {"role": "ROLE_OWNER"})
        assert invite(by(ada), acme, role="ROLE_OWNER").role == member_pb2.ROLE_OWNER

    def test_a_key_invites_into_roles_whose_permissions_it_has(self, ada, acme):
        _, narrow = make_key(acme, ada, "invitations.write")
        _, wide = make_key(acme, ada, "invitations.write", *Role.MEMBER.permissions)
        with pytest.raises(RpcError, match="ROLE_NOT_GRANTABLE"):
            invite(Caller(narrow), acme)
        made = invite(Caller(wide), acme)
        assert made.inviter_id == ""
        with pytest.raises(RpcError, match="ROLE_NOT_GRANTABLE"):
            invite(Caller(wide), acme, "b@example.com", "ROLE_ADMIN")

    def test_at_most_so_many_are_open(self, ada, acme, monkeypatch):
        monkeypatch.setattr(service, "MOST_PENDING", 2)
        row = make_invitation(acme, "a@example.com")
        make_invitation(acme, "b@example.com")
        with pytest.raises(RpcError) as error:
            invite(by(ada), acme)
        assert (error.value.reason, error.value.metadata) == ("LIMIT_REACHED", {"limit": "2"})
        expire(row)
        invite(by(ada), acme)

    @pytest.mark.parametrize("role", ["ROLE_UNSPECIFIED", 99])
    def test_needs_a_role_that_exists(self, ada, acme, role):
        with pytest.raises(RpcError) as error:
            invite(by(ada), acme, role=role)
        assert list(error.value.violations) == ["invitation.role"]


class TestList:
    def test_newest_first_in_pages_and_by_state(self, ada, acme):
        rows = [make_invitation(acme, f"p{n}@example.com") for n in range(3)]
        expire(rows[0])
        revoke(by(ada), rows[1])

        def listed(**fields):
            return by(ada)(INVITATIONS + "ListInvitations", ListInvitationsRequest(workspace_id=ws(acme), **fields))

        first = listed(page_size=2)
        rest = listed(page_size=2, page_token=first.next_page_token)
        assert [i.email for i in [*first.invitations, *rest.invitations]] == [
            "p2@example.com",
            "p1@example.com",
            "p0@example.com",
        ]
        for state, email in (("EXPIRED", "p0"), ("REVOKED", "p1"), ("PENDING", "p2")):
            (found,) = listed(filter=f"state = INVITATION_STATE_{state}").invitations
            assert found.email == f"{email}@example.com"
            assert invitation_pb2.InvitationState.Name(found.state) == f"INVITATION_STATE_{state}"
        assert len(listed(filter="state != INVITATION_STATE_PENDING").invitations) == 2
        with pytest.raises(RpcError, match="FILTER_INVALID"):
            listed(filter="state = PENDING")


class TestResend:
    def test_makes_earlier_links_worthless_and_holds_seven_days_again(self, ada, acme):
        row = make_invitation(acme, expire_time=clock.now() + timedelta(days=1))
        old = token_of(row)
        sent = resend(by(ada), row)
        assert timedelta(days=6) < sent.expire_time.ToDatetime(tzinfo=UTC) - clock.now() <= timedelta(days=7)
        with pytest.raises(RpcError, match="INVITATION_TOKEN_INVALID"):
            preview(old)
        assert preview(token_of(Invitation.get_by_id(row.id))).email == row.email

    def test_keeps_a_later_expiry(self, ada, acme):
        late = clock.now() + timedelta(days=20)
        row = make_invitation(acme, expire_time=late)
        assert resend(by(ada), row).expire_time.ToDatetime(tzinfo=UTC) == late

    def test_once_a_minute(self, ada, acme):
        row = make_invitation(acme)
        resend(by(ada), row)
        with pytest.raises(RpcError) as error:
            resend(by(ada), row)
        assert (error.value.code, error.value.reason) == ("RESOURCE_EXHAUSTED", "RESEND_TOO_SOON")
        assert 0 < error.value.retry_seconds <= 60
        with clock.advanced(timedelta(seconds=61)):
            resend(by(ada), row)

    def test_opens_an_expired_one_again_unless_another_took_its_place(self, ada, acme):
        row = make_invitation(acme)
        expire(row)
        assert resend(by(ada), row).state == invitation_pb2.INVITATION_STATE_PENDING
        expire(row)
        newer = invite(by(ada), acme, row.email)
        with pytest.raises(RpcError) as error:
            resend(by(ada), row)
        assert (error.value.reason, error.value.metadata) == ("INVITATION_PENDING", {"invitation_id": newer.id})

    def test_not_when_answered_or_a_member_or_above_the_own_role(self, ada, acme):
        revoked, owner = make_invitation(acme, state="REVOKED"), make_invitation(acme, "o@example.com", role=Role.OWNER)
        joined = make_invitation(acme, "joined@example.com")
        make_member(acme, person=make_person("joined@example.com"))
        admin = make_member(acme, Role.ADMIN)
        with pytest.raises(RpcError) as error:
            resend(by(admin), revoked)
        assert error.value.metadata == {"state": "INVITATION_STATE_REVOKED"}
        for row, reason in ((owner, "ROLE_NOT_GRANTABLE"), (joined, "ALREADY_MEMBER")):
            with pytest.raises(RpcError, match=reason):
                resend(by(admin), row)


class TestRevoke:
    def test_stops_the_link_and_tells(self, ada, acme):
        row = make_invitation(acme)
        done = revoke(by(ada), row, get(by(ada), row).etag)
        assert done.state == invitation_pb2.INVITATION_STATE_REVOKED
        assert [kind for kind, _ in events_of(acme.id)] == ["workspace.invitation.revoked"]
        assert preview(token_of(row)).state == invitation_pb2.INVITATION_STATE_REVOKED
        with pytest.raises(RpcError, match="INVITATION_NOT_PENDING"):
            accept(make_person(row.email), token_of(row))
        with pytest.raises(RpcError, match="INVITATION_NOT_PENDING"):
            revoke(by(ada), row)

    def test_an_expired_one_too_and_with_a_fresh_etag_only(self, ada, acme):
        row = make_invitation(acme)
        etag = get(by(ada), row).etag
        resend(by(ada), row)
        with pytest.raises(RpcError, match="ETAG_MISMATCH"):
            revoke(by(ada), row, etag)
        expire(row)
        assert revoke(by(ada), row).state == invitation_pb2.INVITATION_STATE_REVOKED


class TestAnswer:
    def test_preview_needs_no_login(self, ada, acme):
        shown = preview(token_of(make_invitation(acme)))
        assert (shown.workspace_name, shown.workspace_slug, shown.inviter_name, shown.email) == (
            "Acme Engines",
            "acme-engines",
            "Ada Lovelace",
            "grace@example.com",
        )
        assert (shown.role, shown.state) == (member_pb2.ROLE_MEMBER, invitation_pb2.INVITATION_STATE_PENDING)

    def test_accepting_makes_a_member_and_tells(self, ada, acme):
        row, grace = make_invitation(acme, "Grace@Example.COM", role=Role.ADMIN), make_person("grace@example.com")
        member = accept(grace, token_of(row))
        assert (member.workspace_id, member.user.id, member.role) == (ws(acme), usr(grace), member_pb2.ROLE_ADMIN)
        assert by(grace)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme))).id == ws(acme)
        (accepted, first), (added, second) = events_of(acme.id)
        assert (accepted, first["userId"]) == ("workspace.invitation.accepted", usr(grace))
        assert first["invitation"]["state"] == "INVITATION_STATE_ACCEPTED"
        assert (added, second["invitationId"]) == ("workspace.member.added", ids.encode("inv", row.id))
        with pytest.raises(RpcError) as error:
            accept(grace, token_of(row))
        assert error.value.metadata == {"state": "INVITATION_STATE_ACCEPTED"}

    def test_only_the_verified_owner_of_the_mailbox_may(self, ada, acme):
        row = make_invitation(acme)
        with pytest.raises(RpcError) as error:
            accept(make_person("mallory@example.com"), token_of(row))
        assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "INVITATION_EMAIL_MISMATCH")
        with pytest.raises(RpcError, match="EMAIL_NOT_VERIFIED"):
            accept(make_person("grace@example.com", email_verified=False), token_of(row))
        assert state_of(row) == "PENDING"

    def test_an_api_key_may_not(self, ada, acme):
        grace = make_person("grace@example.com")
        _, key = make_personal_key(grace.user, "workspaces.read")
        request = AcceptInvitationRequest(token=token_of(make_invitation(acme)))
        with pytest.raises(RpcError, match="SESSION_REQUIRED"):
            Caller(key)(INVITATIONS + "AcceptInvitation", request)
        with pytest.raises(RpcError, match="CREDENTIAL_MISSING"):
            NOBODY(INVITATIONS + "AcceptInvitation", request)

    def test_who_became_a_member_meanwhile_is_told(self, ada, acme):
        row, grace = make_invitation(acme), make_person("grace@example.com")
        make_member(acme, Role.VIEWER, person=grace)
        with pytest.raises(RpcError, match="ALREADY_MEMBER"):
            accept(grace, token_of(row))
        assert Member.get((Member.workspace == acme.id) & (Member.user == grace.user.id)).role == "VIEWER"

    def test_declining_needs_no_login_and_closes_it(self, ada, acme):
        row = make_invitation(acme)
        decline(token_of(row))
        assert [kind for kind, _ in events_of(acme.id)] == ["workspace.invitation.declined"]
        for call in (lambda: decline(token_of(row)), lambda: accept(make_person(row.email), token_of(row))):
            with pytest.raises(RpcError) as error:
                call()
            assert error.value.metadata == {"state": "INVITATION_STATE_DECLINED"}

    def test_an_expired_one_can_be_seen_and_not_answered(self, ada, acme):
        row = make_invitation(acme)
        expire(row)
        assert preview(token_of(row)).state == invitation_pb2.INVITATION_STATE_EXPIRED
        for call in (lambda: decline(token_of(row)), lambda: accept(make_person(row.email), token_of(row))):
            with pytest.raises(RpcError, match="INVITATION_EXPIRED"):
                call()

    def test_into_a_deleted_workspace_leads_nothing_and_into_a_purged_one_no_token(self, ada, acme):
        row, grace = make_invitation(acme), make_person("grace@example.com")
        alter(acme, delete_time=clock.now(), purge_time=clock.now() + timedelta(days=30))
        calls = (lambda: preview(token_of(row)), lambda: accept(grace, token_of(row)), lambda: decline(token_of(row)))
        for call in calls:
            with pytest.raises(RpcError, match="WORKSPACE_DELETED"):
                call()
        alter(acme, purge_time=clock.now())
        for call in calls:
            with pytest.raises(RpcError, match="INVITATION_TOKEN_INVALID"):
                call()

    @pytest.mark.parametrize("token", ["nonsense", "A" * 75, "ä", "="])
    def test_other_texts_are_no_tokens(self, ada, token):
        for call in (preview, decline, lambda text: accept(ada, text)):
            with pytest.raises(RpcError) as error:
                call(token)
            assert (error.value.code, error.value.reason) == ("INVALID_ARGUMENT", "INVITATION_TOKEN_INVALID")

    def test_nothing_stored_can_open_it(self, ada, acme):
        row = make_invitation(acme)
        stored = db.execute_sql("SELECT invitation::text FROM invitation WHERE id = %s", (row.id,)).fetchone()[0]
        assert token_of(row) not in stored

    def test_no_job_can_be_read_by_the_app(self, ada, acme):
        invite(by(ada), acme)
        with pytest.raises(Exception, match="permission denied"), db.atomic():
            Job.select().count()
