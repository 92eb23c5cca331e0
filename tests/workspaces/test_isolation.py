"""Tenants see and touch nothing of each other: not by the methods, and not when a query forgets its WHERE."""

from typing import Any

import peewee
import pytest

from server import app
from server.core import clock, ids, tenancy
from server.core.contract import methods
from server.core.db import db
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey
from server.workspaces.queries import api_keys
from server.workspaces.queries import workspaces as queries
from server.workspaces.roles import ALL, Role
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.workspaces.factories import (
    Caller,
    by,
    make_invitation,
    make_key,
    make_member,
    make_transfer,
    make_workspace,
    usr,
    ws,
)

ROOM = "userdata.workspaces."
IN_WORKSPACE = [
    method
    for service, _ in (*app.SERVICERS, *app.STREAMED)
    for method in methods(service)
    if method.in_workspace and method.service.startswith(ROOM)
]
TABLES = [Workspace, Member, Invitation, OwnershipTransfer, WorkspaceApiKey]


class Tenant:
    """A workspace with a row in every table."""

    def __init__(self, owner):
        self.owner = owner
        self.workspace = make_workspace(owner)
        self.member = make_member(self.workspace, Role.MEMBER)
        self.invitation = make_invitation(self.workspace)
        self.transfer = make_transfer(self.workspace, self.member)
        self.key, self.secret = make_key(self.workspace, owner, *ALL)

    def names(self):
        """The fields of requests that name this tenant's things."""
        return {
            "workspace_id": ws(self.workspace),
            "user_id": usr(self.member),
            "invitation_id": ids.encode("inv", self.invitation.id),
            "ownership_transfer_id": ids.encode("otr", self.transfer.id),
            "api_key_id": ids.encode("key", self.key.id),
        }


@pytest.fixture
def mine(ada):
    return Tenant(ada)


@pytest.fixture
def yours(mine):
    return Tenant(make_person())


def filled(method, names):
    request = method.request()
    for field in request.DESCRIPTOR.fields:
        if field.name in names:
            setattr(request, field.name, names[field.name])
    return request


def everything():
    """All rows of this room, as the owner of the database sees them."""
    db.execute_sql("SAVEPOINT look; SET LOCAL ROLE NONE")
    try:
        return [db.execute_sql(f"SELECT * FROM {table._meta.table_name} ORDER BY 1, 2").fetchall() for table in TABLES]
    finally:
        db.execute_sql("ROLLBACK TO look; RELEASE look")


@pytest.mark.parametrize("method", IN_WORKSPACE, ids=lambda method: method.name)
@pytest.mark.parametrize("credential", ["session", "key"])
def test_another_tenants_workspace_is_not_there(mine, yours, method, credential):
    before = everything()
    caller = by(mine.owner) if credential == "session" else Caller(mine.secret)
    with pytest.raises(RpcError) as error:
        caller(method.full_name, filled(method, yours.names()))
    refused_first = "SESSION_REQUIRED" if credential == "key" and method.credential else "NOT_FOUND"
    assert error.value.reason == refused_first
    assert [rows for rows in everything() if rows][:4] == [rows for rows in before if rows][:4]


@pytest.mark.parametrize("method", IN_WORKSPACE, ids=lambda method: method.name)
def test_another_tenants_things_are_not_in_ones_own_workspace(mine, yours, method):
    names = yours.names() | {"workspace_id": ws(mine.workspace)}
    request = filled(method, names)
    others = [field.name for field in request.DESCRIPTOR.fields if field.name in names and field.name != "workspace_id"]
    if not others:
        return
    with pytest.raises(RpcError) as error:
        by(mine.owner)(method.full_name, request)
    assert error.value.reason in ("NOT_FOUND", "VALIDATION_FAILED")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_a_forgotten_where_returns_nothing_of_others(mine, yours, table):
    owns = table.id if table is Workspace else table.workspace
    tenancy.switch(workspace=mine.workspace.id, user=None)
    assert {row for (row,) in table.select(owns).tuples()} == {mine.workspace.id}
    tenancy.switch(workspace=None, user=None)
    assert list(table.select()) == []
    tenancy.switch(workspace=ids.new(), user=make_person().user.id)
    assert list(table.select()) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_a_forgotten_where_changes_and_deletes_nothing_of_others(mine, yours, table):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    before = everything()
    assert table.update(revision=99).execute() == table.select().count()
    after = everything()
    index = TABLES.index(table)
    changed = [new for old, new in zip(before[index], after[index], strict=True) if old != new]
    assert len(changed) == table.select().count() > 0
    if table is Member:
        assert Member.delete().execute() == 2
        assert len(everything()[index]) == len(before[index]) - 2


@pytest.mark.parametrize("table", [t for t in TABLES if t is not Member], ids=lambda table: table.__name__)
def test_the_app_deletes_only_members(mine, table):
    with pytest.raises(peewee.ProgrammingError, match="permission denied"), db.atomic():
        table.delete().execute()


def test_rows_cannot_be_written_into_another_tenant(mine, yours):
    tenancy.switch(workspace=mine.workspace.id, user=mine.owner.user.id)
    person, there = make_person(), yours.workspace.id
    later = clock.now()
    # Without RETURNING and WHERE: what they read of the new row would be refused for another reason.
    writes: list[Any] = [
        Member.insert(workspace=there, user=person.user.id, role=Role.OWNER),
        Workspace.insert(name="x", slug="sneaky", owner=person.user.id),
        WorkspaceApiKey.insert(workspace=there, owner=person.user.id, name="x", scopes=[], hint="", key_hash=b"x"),
        OwnershipTransfer.insert(workspace=there, user=person.user.id, offerer=person.user.id, expire_time=later),
        Invitation.insert(workspace=there, email="x", email_key="x", role=Role.OWNER, expire_time=later),
    ]
    writes = [insert.returning() for insert in writes]
    writes += [table.update(workspace=there) for table in TABLES if table is not Workspace]
    writes += [Workspace.update(id=ids.new())]
    for write in writes:
        with pytest.raises(peewee.ProgrammingError, match="row-level security"), db.atomic():
            write.execute()


def test_a_person_sees_the_own_memberships_everywhere_and_changes_none(mine, yours):
    make_member(yours.workspace, person=mine.owner)
    tenancy.switch(workspace=None, user=mine.owner.user.id)
    places = {mine.workspace.id, yours.workspace.id}
    assert {row.id for row in Workspace.select()} == places
    assert {row.workspace for row in Member.select()} == places
    assert {row.user for row in Member.select()} == {mine.owner.user.id}
    for table in TABLES[2:]:
        assert list(table.select()) == []
    assert Workspace.update(name="x").execute() == Member.update(role=Role.OWNER).execute() == 0
    assert Member.delete().execute() == 0


def test_a_presented_key_shows_its_own_row_and_no_other(mine, yours):
    tenancy.switch(workspace=None, user=None)
    found = api_keys.presented([bytes(mine.key.key_hash)])
    assert found is not None
    assert found.id == mine.key.id
    assert [row.id for row in WorkspaceApiKey.select()] == [mine.key.id]
    assert WorkspaceApiKey.update(name="x").execute() == 0
    assert api_keys.presented([b"unknown"]) is None
    assert list(WorkspaceApiKey.select()) == []


def test_only_the_worker_sees_what_is_due(mine, yours):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    now = clock.now()
    queries.update(mine.workspace.id, delete_time=now, purge_time=now)
    tenancy.switch(workspace=None, user=None)
    assert queries.due(clock.now(), 10) == []
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    assert queries.due(clock.now(), 10) == [mine.workspace.id]
