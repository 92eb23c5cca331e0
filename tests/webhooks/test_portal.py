"""PortalService, and what a portal session may."""

from datetime import timedelta

import pytest

from server.core import apikeys, clock, ids
from server.core.models import Event
from server.webhooks.models import PortalSession
from server.workspaces.models import Member, WorkspaceApiKey
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.webhooks.factories import ask, create, make_endpoint, whe
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
    make_workspace,
    usr,
    ws,
)
from userdata.accounts.v1.account_service_pb2 import GetMeRequest
from userdata.webhooks.v1 import portal_service_pb2 as pb
from userdata.workspaces.v1.member_service_pb2 import ListMembersRequest
from userdata.workspaces.v1.workspace_api_key_service_pb2 import ListWorkspaceApiKeysRequest
from userdata.workspaces.v1.workspace_service_pb2 import GetWorkspaceRequest, ListWorkspacesRequest

PORTAL = "userdata.webhooks.v1.PortalService/"
NOBODY = Caller(None)
ALL = ["webhooks.read", "webhooks.write", "webhooks.secrets", "events.read"]


def refusal(action, *args, **kwargs):
    with pytest.raises(RpcError) as caught:
        action(*args, **kwargs)
    return caught.value


def link(caller, workspace, *permissions):
    request = pb.CreatePortalLinkRequest(workspace_id=ws(workspace), permissions=permissions)
    return caller(PORTAL + "CreatePortalLink", request)


def exchange(code):
    return NOBODY(PORTAL + "ExchangePortalCode", pb.ExchangePortalCodeRequest(code=code))


def opened(caller, workspace, *permissions):
    """A caller with the session of a new link, and the session's id."""
    answer = exchange(link(caller, workspace, *permissions).code)
    return Caller(answer.token), answer.session.id


def listed(caller, workspace, **fields):
    request = pb.ListPortalSessionsRequest(workspace_id=ws(workspace), **fields)
    return caller(PORTAL + "ListPortalSessions", request)


def revoke(caller, workspace, session_id):
    request = pb.RevokePortalSessionRequest(workspace_id=ws(workspace), portal_session_id=session_id)
    return caller(PORTAL + "RevokePortalSession", request)


def names_of(workspace):
    return [name for name, _ in events_of(workspace.id)]


def test_a_link_becomes_a_session_of_an_hour(ada, acme):
    now = clock.now()
    with clock.frozen(now):
        made = link(by(ada), acme)
        answer = exchange(made.code)
    assert made.url == f"http://127.0.0.1:8080/portal#code={made.code}"
    assert (made.session.workspace_id, made.session.creator_id) == (ws(acme), usr(ada))
    assert list(made.session.permissions) == ALL
    assert made.session.code_expire_time.ToMicroseconds() == int((now + timedelta(minutes=10)).timestamp() * 1_000_000)
    assert answer.session.id == made.session.id
    assert answer.session.expire_time.ToMicroseconds() == int((now + timedelta(hours=1)).timestamp() * 1_000_000)
    assert answer.token.startswith("udp_")
    assert names_of(acme) == ["webhook.portal.link_created", "webhook.portal.opened"]
    assert made.code not in str(events_of(acme.id))
    assert answer.token not in str(events_of(acme.id))


def test_only_hashes_of_code_and_token_are_stored(ada, acme):
    made = link(by(ada), acme)
    token = exchange(made.code).token
    row = PortalSession.get()
    assert bytes(row.code_hash or b"") == apikeys.digest(made.code)
    assert bytes(row.token_hash or b"") == apikeys.digest(token)


def test_a_link_works_once(ada, acme):
    made = link(by(ada), acme)
    exchange(made.code)
    error = refusal(exchange, made.code)
    assert (error.code, error.reason) == ("UNAUTHENTICATED", "PORTAL_CODE_INVALID")


def test_a_link_works_for_ten_minutes(ada, acme):
    made = link(by(ada), acme)
    with clock.advanced(timedelta(minutes=10)):
        assert refusal(exchange, made.code).reason == "PORTAL_CODE_INVALID"
    exchange(made.code)


@pytest.mark.parametrize(
    "code",
    ["upc_", "x", apikeys.generate("upc_"), apikeys.generate("udp_")],
    ids=["prefix", "junk", "unknown code", "token"],
)
def test_what_is_no_code_opens_nothing(ada, acme, code):
    link(by(ada), acme)
    assert refusal(exchange, code).reason == "PORTAL_CODE_INVALID"


def test_a_session_works_on_endpoints(ada, acme):
    engineer, session_id = opened(by(ada), acme)
    endpoint = create(engineer, acme)
    assert ask(engineer, "GetEndpointSecret", acme, endpoint.id).secrets[0].secret.startswith("whsec_")
    ask(engineer, "SendTestEvent", acme, endpoint.id)
    ask(engineer, "DeleteEndpoint", acme, endpoint.id)
    assert names_of(acme).count("webhook.endpoint.created") == 1
    actor = Event.select(Event.actor).where(Event.type == "webhook.endpoint.created").scalar()
    assert actor == session_id


def test_a_session_ends_after_its_hour(ada, acme):
    engineer, _ = opened(by(ada), acme)
    endpoint = make_endpoint(acme)
    with clock.advanced(timedelta(minutes=59)):
        ask(engineer, "GetEndpoint", acme, whe(endpoint))
    with clock.advanced(timedelta(hours=1)):
        assert refusal(ask, engineer, "GetEndpoint", acme, whe(endpoint)).reason == "PORTAL_SESSION_ENDED"


def test_a_session_may_what_its_link_says_and_no_more(ada, acme):
    engineer, _ = opened(by(ada), acme, "webhooks.read")
    endpoint = make_endpoint(acme)
    ask(engineer, "GetEndpoint", acme, whe(endpoint))
    for method in ("DeleteEndpoint", "GetEndpointSecret", "PauseEndpoint"):
        assert refusal(ask, engineer, method, acme, whe(endpoint)).code == "PERMISSION_DENIED"


def test_a_session_does_nothing_else_in_its_workspace(ada, acme):
    engineer, session_id = opened(by(ada), acme)
    calls = {
        WORKSPACES + "GetWorkspace": GetWorkspaceRequest(workspace_id=ws(acme)),
        WORKSPACES + "ListWorkspaces": ListWorkspacesRequest(),
        MEMBERS + "ListMembers": ListMembersRequest(workspace_id=ws(acme)),
        KEYS + "ListWorkspaceApiKeys": ListWorkspaceApiKeysRequest(workspace_id=ws(acme)),
        "userdata.accounts.v1.AccountService/GetMe": GetMeRequest(),
    }
    for method, request in calls.items():
        assert refusal(engineer, method, request).code == "PERMISSION_DENIED", method
    assert refusal(link, engineer, acme).code == "PERMISSION_DENIED"
    assert refusal(listed, engineer, acme).code == "PERMISSION_DENIED"
    assert refusal(revoke, engineer, acme, session_id).code == "PERMISSION_DENIED"


def test_a_session_sees_nothing_of_other_workspaces(ada, acme):
    other = make_workspace(ada)
    theirs = make_endpoint(other)
    engineer, _ = opened(by(ada), acme)
    for method in ("GetEndpoint", "DeleteEndpoint", "GetEndpointSecret"):
        assert refusal(ask, engineer, method, other, whe(theirs)).code == "NOT_FOUND"
        assert refusal(ask, engineer, method, acme, whe(theirs)).code == "NOT_FOUND"
    assert refusal(create, engineer, other).code == "NOT_FOUND"


def test_nobody_gives_what_they_lack(ada, acme):
    reader = make_member(acme, Role.VIEWER, "portal.write")
    assert list(link(by(reader), acme).session.permissions) == ["events.read"]
    error = refusal(link, by(reader), acme, "webhooks.read")
    assert (error.reason, error.metadata) == ("PERMISSION_NOT_HELD", {"permission": "webhooks.read"})
    assert list(refusal(link, by(ada), acme, "members.write").violations) == ["permissions[0]"]
    assert refusal(link, by(make_member(acme, Role.MEMBER)), acme).code == "PERMISSION_DENIED"


def test_a_session_loses_what_its_maker_loses(ada, acme):
    admin = make_member(acme, Role.ADMIN)
    engineer, _ = opened(by(admin), acme)
    endpoint = make_endpoint(acme)
    Member.update(role=Role.MEMBER).where(Member.user == admin.user.id).execute()
    ask(engineer, "GetEndpoint", acme, whe(endpoint))
    assert refusal(ask, engineer, "DeleteEndpoint", acme, whe(endpoint)).code == "PERMISSION_DENIED"
    Member.delete().where(Member.user == admin.user.id).execute()
    assert refusal(ask, engineer, "GetEndpoint", acme, whe(endpoint)).code == "NOT_FOUND"


def test_an_api_key_makes_links_whose_sessions_end_with_it(ada, acme):
    row, key = make_key(acme, ada, "portal.write", "webhooks.read")
    engineer, _ = opened(Caller(key), acme)
    endpoint = make_endpoint(acme)
    ask(engineer, "GetEndpoint", acme, whe(endpoint))
    assert refusal(ask, engineer, "DeleteEndpoint", acme, whe(endpoint)).code == "PERMISSION_DENIED"
    assert listed(by(ada), acme).sessions[0].creator_id == ids.encode("key", row.id)
    WorkspaceApiKey.update(revoke_time=clock.now()).execute()
    assert refusal(ask, engineer, "GetEndpoint", acme, whe(endpoint)).reason == "PORTAL_SESSION_ENDED"


def test_a_revoked_session_ends_at_once_and_a_revoked_link_is_worthless(ada, acme):
    engineer, session_id = opened(by(ada), acme)
    made = link(by(ada), acme)
    first = revoke(by(ada), acme, session_id)
    assert revoke(by(ada), acme, session_id) == first
    revoke(by(ada), acme, made.session.id)
    endpoint = make_endpoint(acme)
    assert refusal(ask, engineer, "GetEndpoint", acme, whe(endpoint)).reason == "PORTAL_SESSION_ENDED"
    assert refusal(exchange, made.code).reason == "PORTAL_CODE_INVALID"
    assert names_of(acme).count("webhook.portal.revoked") == 2


def test_sessions_of_other_workspaces_are_not_there(ada, acme):
    _, session_id = opened(by(ada), acme)
    other = make_workspace(ada)
    assert refusal(revoke, by(ada), other, session_id).code == "NOT_FOUND"
    assert len(listed(by(ada), other).sessions) == 0


def test_sessions_are_listed_from_the_newest(ada, acme):
    made = [link(by(ada), acme).session.id for _ in range(3)]
    first = listed(by(ada), acme, page_size=2)
    second = listed(by(ada), acme, page_size=2, page_token=first.next_page_token)
    assert [session.id for session in (*first.sessions, *second.sessions)] == made[::-1]


def test_a_session_of_a_deleted_workspace_is_refused(ada, acme):
    engineer, _ = opened(by(ada), acme)
    endpoint = make_endpoint(acme)
    alter(acme, delete_time=clock.now(), purge_time=clock.now() + timedelta(days=30))
    assert refusal(ask, engineer, "GetEndpoint", acme, whe(endpoint)).reason == "WORKSPACE_DELETED"
