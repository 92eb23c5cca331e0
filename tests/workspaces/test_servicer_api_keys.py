"""WorkspaceApiKeyService, and what calls with a workspace API key may."""

from datetime import timedelta

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from server.accounts.models import Session
from server.core import clock, ids
from server.core.db import db
from server.workspaces.models import Member, WorkspaceApiKey
from server.workspaces.roles import ALL, Role
from server.workspaces.service import api_keys as service
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.workspaces.factories import (
    KEYS,
    MEMBERS,
    WORKSPACES,
    Caller,
    by,
    events_of,
    make_key,
    make_member,
    make_workspace,
    usr,
    ws,
)
from userdata.workspaces.v1 import workspace_api_key_pb2
from userdata.workspaces.v1.member_service_pb2 import ListMembersRequest
from userdata.workspaces.v1.workspace_api_key_service_pb2 import (
    CreateWorkspaceApiKeyRequest,
    GetWorkspaceApiKeyRequest,
    ListWorkspaceApiKeysRequest,
    ReassignWorkspaceApiKeyRequest,
    RevokeWorkspaceApiKeyRequest,
    UpdateWorkspaceApiKeyRequest,
)
from userdata.workspaces.v1.workspace_service_pb2 import GetWorkspaceRequest, ListWorkspacesRequest


def create(caller, workspace, *scopes, **fields):
    api_key = workspace_api_key_pb2.WorkspaceApiKey(name="Billing sync", scopes=scopes or ["workspaces.read"], **fields)
    return caller(
        KEYS + "CreateWorkspaceApiKey", CreateWorkspaceApiKeyRequest(workspace_id=ws(workspace), api_key=api_key)
    )


def named(row):
    return {"workspace_id": ids.encode("ws", row.workspace), "api_key_id": ids.encode("key", row.id)}


def get(caller, row):
    return caller(KEYS + "GetWorkspaceApiKey", GetWorkspaceApiKeyRequest(**named(row)))


def listed(caller, workspace, **fields):
    return caller(KEYS + "ListWorkspaceApiKeys", ListWorkspaceApiKeysRequest(workspace_id=ws(workspace), **fields))


def rename(caller, row, *paths, **fields):
    api_key = workspace_api_key_pb2.WorkspaceApiKey(**fields)
    request = UpdateWorkspaceApiKeyRequest(**named(row), api_key=api_key, update_mask=FieldMask(paths=paths))
    return caller(KEYS + "UpdateWorkspaceApiKey", request)


def revoke(caller, row, etag=""):
    return caller(KEYS + "RevokeWorkspaceApiKey", RevokeWorkspaceApiKeyRequest(**named(row), etag=etag))


def reassign(caller, row, etag=""):
    return caller(KEYS + "ReassignWorkspaceApiKey", ReassignWorkspaceApiKeyRequest(**named(row), etag=etag))


def read(key, workspace):
    return Caller(key)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(workspace)))


class TestCreate:
    def test_shows_the_key_once_and_keeps_a_hash(self, ada, acme):
        made = create(by(ada), acme, "workspaces.read", "members.read")
        assert len(made.key) == 42
        assert made.key.startswith(made.api_key.hint)
        assert (made.api_key.owner_id, list(made.api_key.scopes)) == (usr(ada), ["workspaces.read", "members.read"])
        row = WorkspaceApiKey.get_by_id(ids.decode("key", made.api_key.id))
        assert get(by(ada), row) == made.api_key
        stored = db.execute_sql("SELECT k::text FROM workspace_api_key k WHERE id = %s", (row.id,)).fetchone()[0]
        assert made.key[8:] not in stored
        assert read(made.key, acme).id == ws(acme)

    def test_tells_of_it_without_the_key(self, ada, acme):
        made = create(by(ada), acme)
        ((kind, payload),) = events_of(acme.id)
        assert (kind, payload["apiKeyId"], payload["workspaceId"]) == ("api_key.created", made.api_key.id, ws(acme))
        assert made.key not in str(payload)

    def test_holds_no_more_than_its_creator(self, ada, acme):
        admin = make_member(acme, Role.ADMIN)
        create(by(admin), acme, *Role.ADMIN.permissions)
        cases = [("workspaces.delete", "PERMISSION_NOT_HELD"), ("members.fly", "PERMISSION_UNKNOWN")]
        for scope, reason in [*cases, ("workspaces.create", "PERMISSION_NOT_HELD")]:
            with pytest.raises(RpcError) as error:
                create(by(admin), acme, scope)
            assert (error.value.reason, error.value.metadata) == (reason, {"permission": scope})

    def test_needs_a_fresh_login(self, ada, acme):
        create(by(ada), acme)
        Session.update(auth_time=clock.now() - timedelta(minutes=16)).execute()
        with pytest.raises(RpcError, match="FRESH_LOGIN_REQUIRED"):
            create(by(ada), acme)

    def test_at_most_so_many_work(self, ada, acme, monkeypatch):
        monkeypatch.setattr(service, "MOST_ACTIVE", 2)
        make_key(acme, ada, expire_time=clock.now())
        make_key(acme, ada, revoke_time=clock.now())
        create(by(ada), acme)
        create(by(ada), acme)
        with pytest.raises(RpcError) as error:
            create(by(ada), acme)
        assert (error.value.reason, error.value.metadata) == ("LIMIT_REACHED", {"limit": "2"})


class TestKeep:
    def test_lists_newest_first_and_revoked_ones_when_asked(self, ada, acme):
        rows = [make_key(acme, ada)[0] for _ in range(3)]
        revoke(by(ada), rows[1])
        first = listed(by(ada), acme, page_size=2, show_revoked=True)
        rest = listed(by(ada), acme, page_size=2, show_revoked=True, page_token=first.next_page_token)
        every = [key.id for key in [*first.api_keys, *rest.api_keys]]
        assert every == [ids.encode("key", row.id) for row in rows[::-1]]
        working = [key.id for key in listed(by(ada), acme).api_keys]
        assert working == [every[0], every[2]]

    def test_a_name_can_change_and_nothing_else(self, ada, acme):
        row, _ = make_key(acme, ada)
        etag = get(by(ada), row).etag
        assert rename(by(ada), row, name="Other", etag=etag).name == "Other"
        assert rename(by(ada), row, name="Third", scopes=["members.read"]).scopes == ["workspaces.read"]
        with pytest.raises(RpcError, match="ETAG_MISMATCH"):
            rename(by(ada), row, name="Fourth", etag=etag)
        with pytest.raises(RpcError, match="UPDATE_MASK_INVALID"):
            rename(by(ada), row, "scopes", scopes=["members.read"])
        with pytest.raises(RpcError, match="VALIDATION_FAILED"):
            rename(by(ada), row, "name")

    def test_what_does_not_work_any_more_cannot_be_changed(self, ada, acme):
        for values in ({"revoke_time": clock.now()}, {"expire_time": clock.now()}):
            row, _ = make_key(acme, ada, **values)
            for call in (lambda row=row: rename(by(ada), row, name="x"), lambda row=row: reassign(by(ada), row)):
                with pytest.raises(RpcError, match="API_KEY_NOT_ACTIVE"):
                    call()

    def test_revoking_is_for_good_and_again_changes_nothing(self, ada, acme):
        row, key = make_key(acme, ada)
        etag = get(by(ada), row).etag
        revoke(by(ada), row, etag)
        revoke(by(ada), row, etag)
        assert [kind for kind, _ in events_of(acme.id)] == ["api_key.revoked"]
        with pytest.raises(RpcError) as error:
            read(key, acme)
        assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "API_KEY_REVOKED")

    def test_taking_over_needs_all_of_its_scopes(self, ada, acme):
        row, key = make_key(acme, ada, "workspaces.delete")
        admin = make_member(acme, Role.ADMIN)
        with pytest.raises(RpcError, match="PERMISSION_NOT_HELD"):
            reassign(by(admin), row)
        mine, key = make_key(acme, ada, "workspaces.read")
        assert reassign(by(admin), mine).owner_id == usr(admin)
        assert read(key, acme).id == ws(acme)

    def test_keys_of_another_workspace_are_not_there(self, ada, acme):
        row, _ = make_key(make_workspace(make_person()), make_person())
        row.workspace = acme.id
        for call in (get, revoke, reassign):
            with pytest.raises(RpcError, match="NOT_FOUND"):
                call(by(ada), row)


class TestUse:
    def test_works_in_its_workspace_within_its_scopes(self, ada, acme):
        other = make_workspace(ada)
        _, key = make_key(acme, ada, "workspaces.read")
        assert read(key, acme).id == ws(acme)
        with pytest.raises(RpcError, match="NOT_FOUND"):
            read(key, other)
        with pytest.raises(RpcError) as error:
            Caller(key)(MEMBERS + "ListMembers", ListMembersRequest(workspace_id=ws(acme)))
        assert (error.value.reason, error.value.metadata) == ("SCOPE_MISSING", {"permission": "members.read"})
        with pytest.raises(RpcError) as error:
            Caller(key)(WORKSPACES + "ListWorkspaces", ListWorkspacesRequest())
        assert error.value.code == "PERMISSION_DENIED"

    def test_loses_at_once_what_its_owner_loses(self, ada, acme):
        grace = make_member(acme, Role.ADMIN)
        _, key = make_key(acme, grace, *ALL)
        assert listed(Caller(key), acme).api_keys
        Member.update(role=Role.VIEWER).where((Member.workspace == acme.id) & (Member.user == grace.user.id)).execute()
        with pytest.raises(RpcError, match="PERMISSION_MISSING"):
            listed(Caller(key), acme)
        assert read(key, acme).id == ws(acme)

    def test_never_has_more_than_its_owner(self, ada, acme):
        grace = make_member(acme, Role.VIEWER)
        _, key = make_key(acme, grace, *ALL)
        with pytest.raises(RpcError, match="PERMISSION_MISSING"):
            listed(Caller(key), acme)

    @pytest.mark.parametrize(
        ("values", "reason"),
        [({"expire_time": True}, "API_KEY_EXPIRED"), ({"revoke_time": True}, "API_KEY_REVOKED")],
    )
    def test_ends(self, ada, acme, values, reason):
        _, key = make_key(acme, ada, **dict.fromkeys(values, clock.now()))
        with pytest.raises(RpcError, match=reason):
            read(key, acme)

    @pytest.mark.parametrize("column", ["lock_time", "delete_time"])
    def test_rests_while_its_owner_is_locked_or_deleted(self, ada, acme, column):
        grace = make_member(acme)
        _, key = make_key(acme, grace)
        setattr(grace.user, column, clock.now())
        grace.user.purge_time = grace.user.delete_time
        grace.user.save()
        with pytest.raises(RpcError, match="API_KEY_REVOKED"):
            read(key, acme)

    def test_damaged_and_unknown_keys_are_refused(self, ada, acme):
        _, key = make_key(acme, ada)
        WorkspaceApiKey.update(key_hash=b"another").execute()
        for text in (key, key[:-1], key[:-1] + ("a" if key[-1] != "a" else "b"), "udw_", "udw_ä"):
            with pytest.raises(RpcError, match="API_KEY_INVALID"):
                read(text, acme)

    def test_notes_its_use_once_a_minute(self, ada, acme):
        row, key = make_key(acme, ada)
        assert not get(by(ada), row).HasField("last_used_time")
        read(key, acme)
        first = get(by(ada), row)
        assert first.HasField("last_used_time")
        with clock.advanced(timedelta(seconds=30)):
            read(key, acme)
        assert get(by(ada), row) == first
        with clock.advanced(timedelta(seconds=61)):
            read(key, acme)
        assert get(by(ada), row).last_used_time.ToDatetime() > first.last_used_time.ToDatetime()
