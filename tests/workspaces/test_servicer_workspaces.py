"""WorkspaceService: creating, finding, changing, deleting and bringing back workspaces."""

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct

from server.core import clock, config, ids, tenancy
from server.core.models import IdempotencyKey
from server.workspaces.conf import WorkspacesSettings
from server.workspaces.models import Member, Workspace
from server.workspaces.roles import Role
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
    make_workspace,
    usr,
    ws,
)
from userdata.workspaces.v1 import member_service_pb2, workspace_api_key_service_pb2, workspace_pb2
from userdata.workspaces.v1.workspace_service_pb2 import (
    CreateWorkspaceRequest,
    DeleteWorkspaceRequest,
    GetWorkspaceBySlugRequest,
    GetWorkspaceRequest,
    ListWorkspacesRequest,
    UndeleteWorkspaceRequest,
    UpdateWorkspaceRequest,
)


def create(person, *, validate_only=False, key=None, **fields):
    request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(**fields), validate_only=validate_only)
    return by(person)(WORKSPACES + "CreateWorkspace", request, **({"idempotency-key": key} if key else {}))


def get(person, workspace):
    return by(person)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(workspace)))


def update(person, workspace, *paths, **fields):
    request = UpdateWorkspaceRequest(
        workspace_id=ws(workspace),
        workspace=workspace_pb2.Workspace(**fields),
        update_mask=FieldMask(paths=paths),
    )
    return by(person)(WORKSPACES + "UpdateWorkspace", request)


def delete(person, workspace, **fields):
    return by(person)(WORKSPACES + "DeleteWorkspace", DeleteWorkspaceRequest(workspace_id=ws(workspace), **fields))


def undelete(person, workspace, **fields):
    request = UndeleteWorkspaceRequest(workspace_id=ws(workspace), **fields)
    return by(person)(WORKSPACES + "UndeleteWorkspace", request)


def listed(person, **fields):
    return by(person)(WORKSPACES + "ListWorkspaces", ListWorkspacesRequest(**fields))


class TestCreate:
    def test_gives_the_workspace_to_the_caller(self, ada):
        made = create(
            ada, name="Acme Engines", slug="acme", labels={"region": "eu"}, settings={"theme": {"dark": True}}
        )
        assert (made.name, made.slug, made.plan, made.owner_id) == ("Acme Engines", "acme", "free", usr(ada))
        assert dict(made.labels) == {"region": "eu"}
        assert made.settings["theme"]["dark"] is True
        assert made.create_time == made.update_time
        assert not made.HasField("delete_time")
        assert by(ada)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=made.id)) == made
        member = by(ada)(
            MEMBERS + "GetMember", member_service_pb2.GetMemberRequest(workspace_id=made.id, user_id=usr(ada))
        )
        assert (member.role, member.user.email) == (1, "ada@example.com")

    def test_tells_of_workspace_and_member(self, ada):
        made = create(ada, name="Acme Engines")
        (first, workspace), (second, member) = events_of(ids.decode("ws", made.id))
        assert (first, workspace["workspace"]["slug"]) == ("workspace.created", "acme-engines")
        assert (second, member) == (
            "workspace.member.added",
            {"workspaceId": made.id, "userId": usr(ada), "role": "ROLE_OWNER"},
        )

    def test_derives_the_slug_from_the_name_and_makes_it_unique(self, ada):
        first, second = create(ada, name="Ærø Møbler & Sønner"), create(ada, name="Ærø Møbler & Sønner")
        assert first.slug == "aero-mobler-sonner"
        assert second.slug.startswith("aero-mobler-sonner-")
        assert create(ada, name="日本").slug.startswith("workspace-")
        assert create(ada, name="Admin").slug.startswith("admin-")

    def test_refuses_a_given_slug_that_is_taken(self, ada, acme):
        with pytest.raises(RpcError) as error:
            create(make_person(), name="Other", slug=acme.slug)
        assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "SLUG_TAKEN")
        assert error.value.metadata == {"slug": acme.slug}

    def test_refuses_a_reserved_slug(self, ada):
        with pytest.raises(RpcError) as error:
            create(ada, name="Other", slug="admin")
        assert (error.value.reason, error.value.violations) == ("SLUG_RESERVED", {"workspace.slug": "is reserved"})

    def test_takes_the_slug_of_a_deleted_workspace(self, ada, acme):
        delete(ada, acme)
        assert create(ada, name="Other", slug=acme.slug).slug == acme.slug

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("workspace.name", {"name": ""}),
            ("workspace.name", {"name": "x" * 81}),
            ("workspace.name", {"name": " Acme"}),
            ("workspace.slug", {"name": "Acme", "slug": "ab"}),
            ("workspace.slug", {"name": "Acme", "slug": "Acme"}),
            ("workspace.slug", {"name": "Acme", "slug": "1acme"}),
            ("workspace.labels", {"name": "Acme", "labels": {f"k{n}": "" for n in range(65)}}),
            ("workspace.settings", {"name": "Acme", "settings": {"x": "y" * 32768}}),
        ],
    )
    def test_checks_every_field(self, ada, field, values):
        with pytest.raises(RpcError) as error:
            create(ada, **values)
        assert (error.value.reason, list(error.value.violations)) == ("VALIDATION_FAILED", [field])

    def test_settings_come_back_as_they_were_given(self, ada):
        deep: Any = "bottom"
        for _ in range(8):
            deep = {"a": [deep]}
        settings: dict[str, Any] = {
            "numbers": [0, -1, 0.1, 2**53, 1e308, -5e-324],
            "texts": ["", "\u2028", "\\u0000", "🦀", '"'],
            "others": [None, True, False, [], {}],
            "🔑 {x} %s": {"": ""},
            "deep": deep,
        }
        wanted = Struct()
        wanted.update(settings)
        made = create(ada, name="Acme", settings=wanted)
        assert made.settings == wanted
        assert by(ada)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=made.id)).settings == wanted

    @pytest.mark.parametrize("settings", [{"a": "\0"}, {"\0": 1}, {"a": [{"b": "x\0"}]}, {"a": float("nan")}])
    def test_settings_that_no_document_holds_are_refused(self, ada, settings):
        with pytest.raises(RpcError, match="VALIDATION_FAILED"):
            create(ada, name="Acme", settings=settings)

    def test_validate_only_checks_all_and_keeps_nothing(self, ada, acme):
        tried = create(ada, name="New", validate_only=True)
        assert (tried.id, tried.etag, tried.owner_id) == ("", "", usr(ada))
        tenancy.switch(workspace=None, user=ada.user.id)
        assert [row.slug for row in Workspace.select()] == [acme.slug]
        with pytest.raises(RpcError) as error:
            create(ada, name="New", slug=acme.slug, validate_only=True)
        assert error.value.reason == "SLUG_TAKEN"

    def test_a_repeated_idempotency_key_makes_one_workspace(self, ada):
        first, second = create(ada, name="Acme", key="one"), create(ada, name="Acme", key="one")
        assert first == second
        assert len(listed(ada).workspaces) == 1
        assert IdempotencyKey.select().count() == 1

    def test_stops_at_the_limit_of_a_person(self, ada, acme, monkeypatch):
        monkeypatch.setenv("WORKSPACES_PER_USER", "2")
        config.read.cache_clear()
        try:
            create(ada, name="Second")
            with pytest.raises(RpcError) as error:
                create(ada, name="Third")
            assert (error.value.reason, error.value.metadata) == ("LIMIT_REACHED", {"limit": "2"})
            create(make_person(), name="Third")
        finally:
            monkeypatch.undo()
            config.read.cache_clear()
        assert config.read(WorkspacesSettings).workspaces_per_user == 1000

    def test_needs_the_scope_of_a_personal_key(self, ada):
        _, able = make_personal_key(ada.user, "workspaces.create")
        _, unable = make_personal_key(ada.user, "workspaces.list")
        request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(name="Acme"))
        assert Caller(able)(WORKSPACES + "CreateWorkspace", request).owner_id == usr(ada)
        with pytest.raises(RpcError, match="SCOPE_MISSING"):
            Caller(unable)(WORKSPACES + "CreateWorkspace", request)


class TestGet:
    def test_says_the_same_of_what_is_not_there_and_what_is_not_yours(self, ada, acme):
        answers = []
        for workspace_id in (ws(acme), ids.encode("ws", ids.new()), "nonsense"):
            with pytest.raises(RpcError) as error:
                by(make_person())(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=workspace_id))
            answers.append((error.value.code, error.value.reason, error.value.message, error.value.metadata))
        assert answers == [answers[0]] * 3
        assert answers[0][0] == "NOT_FOUND"

    def test_by_slug_finds_only_ones_own_and_living(self, ada, acme):
        request = GetWorkspaceBySlugRequest(slug=acme.slug)
        assert by(ada)(WORKSPACES + "GetWorkspaceBySlug", request) == get(ada, acme)
        with pytest.raises(RpcError, match="NOT_FOUND"):
            by(make_person())(WORKSPACES + "GetWorkspaceBySlug", request)
        delete(ada, acme)
        with pytest.raises(RpcError, match="NOT_FOUND"):
            by(ada)(WORKSPACES + "GetWorkspaceBySlug", request)


class TestList:
    def test_pages_through_ones_own_newest_first(self, ada):
        made = [ws(make_workspace(ada)) for _ in range(5)]
        make_workspace(make_person())
        seen, token = [], ""
        for _ in range(3):
            page = listed(ada, page_size=2, page_token=token)
            seen += [workspace.id for workspace in page.workspaces]
            token = page.next_page_token
        assert (seen, token) == (made[::-1], "")

    def test_can_run_upwards(self, ada):
        made = [ws(make_workspace(ada)) for _ in range(3)]
        first = listed(ada, page_size=2, order_by="create_time")
        rest = listed(ada, page_size=2, order_by="create_time", page_token=first.next_page_token)
        assert [workspace.id for workspace in [*first.workspaces, *rest.workspaces]] == made

    def test_shows_deleted_ones_only_when_asked_and_until_they_are_due(self, ada, acme):
        delete(ada, acme)
        assert not listed(ada).workspaces
        (shown,) = listed(ada, show_deleted=True).workspaces
        assert shown.purge_time.ToDatetime() - shown.delete_time.ToDatetime() == timedelta(days=30)
        with clock.advanced(timedelta(minutes=10)):
            assert listed(ada, show_deleted=True).workspaces
        alter(acme, purge_time=clock.now())
        assert not listed(ada, show_deleted=True).workspaces

    def test_a_token_is_good_for_its_own_list_only(self, ada):
        for _ in range(3):
            make_workspace(ada)
        token = listed(ada, page_size=1).next_page_token
        other = make_person()
        for call in (
            lambda: listed(ada, page_size=1, page_token=token, order_by="create_time"),
            lambda: listed(other, page_size=1, page_token=token),
            lambda: listed(ada, page_token=token[:-2] + "xx"),
        ):
            with pytest.raises(RpcError, match="PAGE_TOKEN_INVALID"):
                call()
        assert listed(ada, page_size=2, page_token=token).workspaces

    def test_refuses_other_orders(self, ada):
        with pytest.raises(RpcError, match="ORDER_BY_INVALID"):
            listed(ada, order_by="name")


class TestUpdate:
    def test_changes_what_the_mask_names(self, ada, acme):
        before = get(ada, acme)
        after = update(ada, acme, "name", "labels", name="Acme 2", labels={"a": "b"}, slug="ignored")
        assert (after.name, dict(after.labels), after.slug) == ("Acme 2", {"a": "b"}, before.slug)
        assert after.etag != before.etag
        assert after == get(ada, acme)

    def test_without_a_mask_changes_what_is_set(self, ada, acme):
        update(ada, acme, labels={"a": "b"}, settings={"x": 1})
        after = update(ada, acme, name="Acme 2")
        assert (after.name, dict(after.labels), after.settings["x"]) == ("Acme 2", {"a": "b"}, 1)

    def test_a_mask_clears_what_is_not_set(self, ada, acme):
        update(ada, acme, labels={"a": "b"}, settings={"x": 1})
        after = update(ada, acme, "labels", "settings")
        assert (dict(after.labels), after.settings) == ({}, Struct())

    def test_replaces_settings_as_a_whole(self, ada, acme):
        update(ada, acme, settings={"x": 1, "y": 2})
        assert dict(update(ada, acme, settings={"z": None}).settings) == {"z": None}

    def test_tells_what_changed(self, ada, acme):
        update(ada, acme, name="Acme 2", slug="acme-2")
        ((kind, payload),) = events_of(acme.id)
        assert (kind, payload["workspace"]["name"]) == ("workspace.updated", "Acme 2")
        assert payload["changes"] == {
            "name": {"before": "Acme Engines", "after": "Acme 2"},
            "slug": {"before": "acme-engines", "after": "acme-2"},
        }

    def test_what_is_the_same_already_is_no_change(self, ada, acme):
        before = get(ada, acme)
        assert update(ada, acme, name=before.name, slug=before.slug) == before
        assert events_of(acme.id) == []

    def test_of_two_who_read_the_same_one_fails(self, ada, acme):
        etag = get(ada, acme).etag
        update(ada, acme, name="First", etag=etag)
        with pytest.raises(RpcError) as error:
            update(ada, acme, name="Second", etag=etag)
        assert (error.value.code, error.value.reason) == ("ABORTED", "ETAG_MISMATCH")
        assert get(ada, acme).name == "First"

    @pytest.mark.parametrize(
        ("reason", "paths", "values"),
        [
            ("SLUG_TAKEN", (), {"slug": "taken"}),
            ("SLUG_RESERVED", (), {"slug": "admin"}),
            ("UPDATE_MASK_INVALID", ("create_time",), {}),
            ("UPDATE_MASK_INVALID", ("colour",), {}),
            ("UPDATE_MASK_INVALID", ("settings.theme",), {}),
            ("VALIDATION_FAILED", ("name",), {}),
            ("VALIDATION_FAILED", ("slug",), {}),
            ("VALIDATION_FAILED", ("*",), {"slug": "acme-3"}),
            ("VALIDATION_FAILED", ("*",), {"name": "Acme 3"}),
        ],
    )
    def test_refuses_and_changes_nothing(self, ada, acme, reason, paths, values):
        make_workspace(make_person(), slug="taken")
        before = get(ada, acme)
        with pytest.raises(RpcError) as error:
            update(ada, acme, *paths, **values)
        assert error.value.reason == reason
        assert get(ada, acme) == before


class TestDelete:
    def test_can_be_seen_and_brought_back_and_nothing_else(self, ada, acme):
        member = make_member(acme)
        row, key = make_key(acme, ada, "workspaces.read", "members.read")
        gone = delete(ada, acme)
        assert gone.delete_time.ToDatetime() + timedelta(days=30) == gone.purge_time.ToDatetime()
        assert get(ada, acme) == get(member, acme) == gone
        stopped = [
            lambda: update(ada, acme, name="x"),
            lambda: delete(ada, acme),
            lambda: by(ada)(MEMBERS + "ListMembers", member_service_pb2.ListMembersRequest(workspace_id=ws(acme))),
            lambda: by(member)(
                MEMBERS + "LeaveWorkspace", member_service_pb2.LeaveWorkspaceRequest(workspace_id=ws(acme))
            ),
            lambda: Caller(key)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme))),
        ]
        for call in stopped:
            with pytest.raises(RpcError) as error:
                call()
            assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "WORKSPACE_DELETED")
            assert error.value.metadata == {"workspace_id": ws(acme)}
        with pytest.raises(RpcError, match="PERMISSION_MISSING"):
            undelete(member, acme)
        back = undelete(ada, acme)
        assert not back.HasField("delete_time")
        assert not back.HasField("purge_time")
        keys = by(ada)(
            KEYS + "ListWorkspaceApiKeys",
            workspace_api_key_service_pb2.ListWorkspaceApiKeysRequest(workspace_id=ws(acme)),
        )
        assert [k.id for k in keys.api_keys] == [ids.encode("key", row.id)]
        assert Caller(key)(WORKSPACES + "GetWorkspace", GetWorkspaceRequest(workspace_id=ws(acme))) == back
        assert [kind for kind, _ in events_of(acme.id)] == ["workspace.deleted", "workspace.restored"]

    def test_needs_the_present_etag(self, ada, acme):
        etag = get(ada, acme).etag
        update(ada, acme, name="Changed")
        with pytest.raises(RpcError, match="ETAG_MISMATCH"):
            delete(ada, acme, etag=etag)
        assert delete(ada, acme, etag=get(ada, acme).etag).HasField("delete_time")

    def test_undelete_says_when_the_slug_was_taken_since(self, ada, acme):
        delete(ada, acme)
        make_workspace(make_person(), slug=acme.slug)
        with pytest.raises(RpcError) as error:
            undelete(ada, acme)
        assert (error.value.reason, error.value.metadata) == ("SLUG_TAKEN", {"slug": acme.slug})
        with pytest.raises(RpcError) as error:
            undelete(ada, acme, slug="admin")
        assert (error.value.reason, error.value.violations) == ("SLUG_RESERVED", {"slug": "is reserved"})
        assert undelete(ada, acme, slug="acme-again").slug == "acme-again"

    def test_undelete_of_the_living_and_of_the_purged(self, ada, acme):
        with pytest.raises(RpcError) as error:
            undelete(ada, acme)
        assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "NOT_DELETED")
        delete(ada, acme)
        alter(acme, purge_time=clock.now())
        for call in (undelete, get):
            with pytest.raises(RpcError, match="NOT_FOUND"):
                call(ada, acme)

    def test_a_member_who_is_owner_too_may(self, ada, acme):
        grace = make_member(acme, Role.OWNER)
        delete(grace, acme)
        undelete(ada, acme)
        assert Member.select().where(Member.workspace == acme.id).count() == 2
