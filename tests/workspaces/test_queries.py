"""What calls cost the database: how many statements the frequent ones take, and that lists cost the same all along.

That no query reads a whole table is proved for all rooms in tests/contract/test_queries.py.
"""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from server import app
from server.core import ids, tenancy
from server.core.db import db
from server.workspaces.models import Member
from server.workspaces.queries import workspaces
from server.workspaces.roles import Role
from tests.accounts.factories import Person, make_person
from tests.workspaces.factories import MEMBERS, WORKSPACES, by, make_member, make_workspace, ws
from userdata.workspaces.v1 import workspace_pb2
from userdata.workspaces.v1.member_service_pb2 import ListMembersRequest
from userdata.workspaces.v1.workspace_service_pb2 import (
    CreateWorkspaceRequest,
    GetWorkspaceRequest,
    ListWorkspacesRequest,
    UpdateWorkspaceRequest,
)

MANY = 20_000


class Cast:
    """Somebody with a committed workspace, whose session every process knows."""

    def __init__(self) -> None:
        with tenancy.transaction():
            self.person = make_person()
            self.workspace = make_workspace(self.person)
            make_member(self.workspace)

    def statements(self, method: str, request: Any, **headers: str) -> list[str]:
        """The beginnings of what a call sends to the database when its credential is known."""
        call = by(self.person)
        sent: list[str] = []
        send, caller = db._send, threading.get_ident()

        def note(sql: str, params: Any) -> Any:
            # What wakes the drain is sent by a thread of its own, after the answer.
            if threading.get_ident() == caller:
                sent.append(sql.split(maxsplit=1)[0])
            return send(sql, params)

        db._send = note  # type: ignore[method-assign]
        try:
            call(method, request, **headers)
        finally:
            del db._send
        return sent


@pytest.fixture
def cast(committed: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    monkeypatch.setattr(app.CREDENTIALS, "_listening", True)
    known = Cast()
    known.statements(WORKSPACES + "ListWorkspaces", ListWorkspacesRequest())
    yield known
    app.CREDENTIALS._held.clear()


def test_reading_a_workspace_is_one_statement_with_the_membership(cast):
    request = GetWorkspaceRequest(workspace_id=ws(cast.workspace))
    assert cast.statements(WORKSPACES + "GetWorkspace", request) == ["SELECT"]


def test_listing_ones_workspaces_is_one_statement(cast):
    assert cast.statements(WORKSPACES + "ListWorkspaces", ListWorkspacesRequest()) == ["SELECT"]


def test_listing_members_with_who_they_are_is_one_beside_the_membership(cast):
    request = ListMembersRequest(workspace_id=ws(cast.workspace))
    assert cast.statements(MEMBERS + "ListMembers", request) == ["SELECT"] * 2


def test_creating_is_one_insert_and_the_commit(cast):
    def sent_for(name, **headers):
        request = CreateWorkspaceRequest(workspace=workspace_pb2.Workspace(name=name))
        return cast.statements(WORKSPACES + "CreateWorkspace", request, **headers)

    # The events, and the answer that is kept for the key, go with the commit.
    assert sent_for("Acme Engines") == ["WITH", "COMMIT"]
    assert sent_for("Bolts", **{"idempotency-key": "one"}) == ["INSERT", "WITH", "COMMIT"]
    # The slug of the name is taken now: the limit is looked at, and a second slug tried.
    assert sent_for("Bolts") == ["WITH", "SELECT", "WITH", "COMMIT"]


def test_updating_without_a_new_slug_needs_no_savepoint(cast):
    request = UpdateWorkspaceRequest(workspace_id=ws(cast.workspace), workspace=workspace_pb2.Workspace(name="New"))
    sent = cast.statements(WORKSPACES + "UpdateWorkspace", request)
    assert sent == ["SELECT", "SELECT", "SELECT", "UPDATE", "COMMIT"]


@pytest.fixture
def places(ada: Person) -> list[UUID]:
    """The ids of many workspaces of Ada's, the newest first; other people have some, too."""
    mine = sorted((ids.new() for _ in range(MANY)), reverse=True)
    grace = make_person()
    insert = """
        INSERT INTO workspace (id, name, slug, owner_id, plan, settings, labels, revision, create_time, update_time)
        SELECT id, 'W', id::text, %(owner)s, 'free', '{}', '{}', 1, now(), now() FROM unnest(%(ids)s) AS id;
        INSERT INTO member (workspace_id, user_id, role, extra_permissions, revision, create_time, update_time)
        SELECT id, %(owner)s, 'OWNER', '{}', 1, now(), now() FROM unnest(%(ids)s) AS id
        """
    db.execute_sql("SET LOCAL ROLE NONE")
    db.execute_sql(insert, {"owner": ada.user.id, "ids": mine})
    db.execute_sql(insert, {"owner": grace.user.id, "ids": [ids.new() for _ in range(MANY)]})
    db.execute_sql("ANALYZE workspace; ANALYZE member")
    db.execute_sql("SET LOCAL ROLE userdata_app")
    return mine


def blocks(monkeypatch: pytest.MonkeyPatch, run: Any) -> int:
    """How many blocks the statement of `run` touches, by its second execution."""
    touched: list[int] = []
    execute = db.execute_sql

    def explain(sql: str, params: Any = None) -> Any:
        ((plan,),) = execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params).fetchall()
        top = plan[0]["Plan"]
        touched.append(top["Shared Hit Blocks"] + top["Shared Read Blocks"])
        return execute(sql, params)

    with monkeypatch.context() as patched:
        patched.setattr(db, "execute_sql", explain)
        run()
        run()
    return touched[-1]


def test_a_late_page_of_ones_workspaces_touches_what_the_first_does(ada, places, monkeypatch):
    tenancy.switch(workspace=None, user=ada.user.id)

    def cost(after, *, descending):
        def run():
            rows = workspaces.page_of(ada.user.id, after=after, limit=51, descending=descending, shown_from=None)
            assert len(rows) == 51

        return blocks(monkeypatch, run)

    costs = [cost(after, descending=True) for after in (None, places[MANY // 2], places[-60])]
    costs += [cost(after, descending=False) for after in (None, places[MANY // 2], places[60])]
    # The planner joins in one of two ways; reading up to the page would take thousands of blocks.
    assert max(costs) < 2 * min(costs)


def test_the_end_of_ones_workspaces_does_not_walk_through_those_of_others(ada, places, monkeypatch):
    tenancy.switch(workspace=None, user=ada.user.id)

    def run():
        rows = workspaces.page_of(ada.user.id, after=places[10], limit=51, descending=False, shown_from=None)
        assert [row.id for row in rows] == places[9::-1]

    assert blocks(monkeypatch, run) < 200


def test_the_pages_of_many_hold_all_of_them_in_order(ada, places):
    tenancy.switch(workspace=None, user=ada.user.id)
    seen: list[UUID] = []
    while True:
        after = seen[-1] if seen else None
        rows = workspaces.page_of(ada.user.id, after=after, limit=1000, descending=True, shown_from=None)
        seen += [row.id for row in rows]
        if len(rows) < 1000:
            break
    assert seen == places


def test_the_limit_of_a_person_counts_only_what_they_own(ada, acme):
    grace = make_person()
    for _ in range(3):
        make_member(make_workspace(ada), Role.ADMIN, person=grace)
    make_workspace(grace)
    tenancy.switch(workspace=None, user=grace.user.id)
    assert Member.select().count() == 4
    assert workspaces.owns_as_many(grace.user.id, 1)
    assert not workspaces.owns_as_many(grace.user.id, 2)
