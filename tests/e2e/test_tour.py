"""The tour of the README: from nothing to two people in a workspace, over REST and over gRPC."""

import pytest

from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import PASSWORD, People
from tests.e2e.support.rest import Rest
from tests.e2e.support.rpc import Stubs, call, channel
from udb.installation import Installation
from userdata.accounts.v1.account_service_pb2 import GetMeRequest, RegisterRequest, VerifyEmailRequest
from userdata.accounts.v1.session_service_pb2 import LoginRequest, LoginResponse
from userdata.workspaces.v1 import invitation_service_pb2 as invitations
from userdata.workspaces.v1.invitation_pb2 import INVITATION_STATE_PENDING, Invitation
from userdata.workspaces.v1.member_pb2 import ROLE_MEMBER, ROLE_OWNER
from userdata.workspaces.v1.member_service_pb2 import ListMembersRequest
from userdata.workspaces.v1.workspace_pb2 import Workspace
from userdata.workspaces.v1.workspace_service_pb2 import CreateWorkspaceRequest, ListWorkspacesRequest

pytestmark = pytest.mark.xdist_group("e2e")


def _joins(anyone: Rest, mailbox: Mailbox, email: str, name: str) -> Rest:
    """Register, verify, sign in; each step answers as documented."""
    registration = {"email": email, "password": PASSWORD, "displayName": name}
    assert anyone.post("/v1/auth/register", registration) == {}
    user = anyone.post("/v1/auth/verify-email", {"token": mailbox.token(email, "verification")})["user"]
    assert (user["email"], user["emailVerified"], user["displayName"]) == (email, True, name)
    login = anyone.post("/v1/auth/login", {"email": email.upper(), "password": PASSWORD})
    assert login.keys() == {"accessToken", "refreshToken", "expireTime", "user"}
    signed_in = anyone.signed_in(login["accessToken"])
    assert signed_in.get("/v1/me") == login["user"]
    return signed_in


def test_two_people_meet_in_a_workspace_over_rest(anyone: Rest, mailbox: Mailbox, people: People) -> None:
    ada_email, grace_email = people.address("ada"), people.address("grace")
    ada = _joins(anyone, mailbox, ada_email, "Ada Lovelace")

    workspace = ada.post("/v1/workspaces", {"name": "Acme Engines"})
    assert workspace["id"].startswith("ws_")
    assert workspace["plan"] == "free"
    assert ada.get("/v1/workspaces")["workspaces"] == [workspace]
    assert ada.get(f"/v1/workspaces/{workspace['id']}") == workspace
    for path in (f"/v1/workspaces:bySlug/{workspace['slug']}", f"/v1/workspaces/bySlug/{workspace['slug']}"):
        assert ada.get(path) == workspace

    at = f"/v1/workspaces/{workspace['id']}"
    invitation = ada.post(f"{at}/invitations", {"email": grace_email, "role": "ROLE_MEMBER"})
    assert invitation["state"] == "INVITATION_STATE_PENDING"
    token = mailbox.token(grace_email, "invitation")
    assert token not in str(invitation)
    preview = anyone.post("/v1/invitations:preview", {"token": token})
    assert (preview["workspaceName"], preview["inviterName"]) == ("Acme Engines", "Ada Lovelace")

    grace = _joins(anyone, mailbox, grace_email, "Grace Hopper")
    member = grace.post("/v1/invitations:accept", {"token": token})
    assert (member["workspaceId"], member["role"]) == (workspace["id"], "ROLE_MEMBER")
    members = grace.get(f"{at}/members")["members"]
    assert [(item["user"]["displayName"], item["role"]) for item in members] == [
        ("Ada Lovelace", "ROLE_OWNER"),
        ("Grace Hopper", "ROLE_MEMBER"),
    ]
    assert grace.get("/v1/workspaces")["workspaces"] == [workspace]


def _registers(stubs: Stubs, mailbox: Mailbox, email: str, name: str) -> LoginResponse:
    call(stubs.accounts.Register, RegisterRequest(email=email, password=PASSWORD, display_name=name))
    token = mailbox.token(email, "verification")
    assert call(stubs.accounts.VerifyEmail, VerifyEmailRequest(token=token)).user.email_verified
    login = call(stubs.sessions.Login, LoginRequest(email=email, password=PASSWORD))
    assert call(stubs.accounts.GetMe, GetMeRequest(), token=login.access_token) == login.user
    return login


@pytest.mark.parametrize("server", ["http", "rpc.1", "rpc.2"])
def test_two_people_meet_in_a_workspace_over_grpc(
    server: str, installation: Installation, mailbox: Mailbox, people: People
) -> None:
    ada_email, grace_email = people.address("ada"), people.address("grace")
    with channel(installation.state.addresses[server].removeprefix("http://")) as opened:
        stubs = Stubs(opened)
        ada = _registers(stubs, mailbox, ada_email, "Ada Lovelace").access_token
        request = CreateWorkspaceRequest(workspace=Workspace(name="Acme Engines"))
        workspace = call(stubs.workspaces.CreateWorkspace, request, token=ada)
        listed = call(stubs.workspaces.ListWorkspaces, ListWorkspacesRequest(), token=ada)
        assert list(listed.workspaces) == [workspace]

        invitation = invitations.CreateInvitationRequest(
            workspace_id=workspace.id, invitation=Invitation(email=grace_email, role=ROLE_MEMBER)
        )
        assert call(stubs.invitations.CreateInvitation, invitation, token=ada).state == INVITATION_STATE_PENDING
        grace = _registers(stubs, mailbox, grace_email, "Grace Hopper").access_token
        acceptance = invitations.AcceptInvitationRequest(token=mailbox.token(grace_email, "invitation"))
        assert call(stubs.invitations.AcceptInvitation, acceptance, token=grace).role == ROLE_MEMBER

        members = call(stubs.members.ListMembers, ListMembersRequest(workspace_id=workspace.id), token=grace).members
        assert [(item.user.display_name, item.role) for item in members] == [
            ("Ada Lovelace", ROLE_OWNER),
            ("Grace Hopper", ROLE_MEMBER),
        ]
