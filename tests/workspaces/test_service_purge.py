"""Removing deleted workspaces for good, in bounded batches, as the worker does."""

from datetime import timedelta

import pytest

from server.core import clock, tenancy
from server.core.db import db
from server.workspaces.models import Invitation, Member, OwnershipTransfer, Workspace, WorkspaceApiKey
from server.workspaces.service import purge
from tests.accounts.factories import make_person
from tests.workspaces.factories import (
    alter,
    make_invitation,
    make_key,
    make_member,
    make_transfer,
    make_workspace,
)

TABLES = [Member, Invitation, OwnershipTransfer, WorkspaceApiKey]


@pytest.fixture
def full(ada, acme):
    for number in range(3):
        person = make_member(acme)
        make_invitation(acme, f"p{number}@example.com")
        make_key(acme, person)
        make_transfer(acme, person, state="DECLINED")
    return acme


def delete(workspace, *, ago):
    gone = clock.now() - ago
    alter(workspace, delete_time=gone, purge_time=gone + timedelta(days=30))


def as_worker():
    db.execute_sql("SET LOCAL ROLE userdata_worker")


def test_a_due_workspace_goes_in_batches_until_nothing_is_left(full):
    other = make_workspace(make_person())
    make_key(other, make_person())
    delete(full, ago=timedelta(days=31))
    as_worker()
    assert purge.due(10) == [full.id]
    rounds = 0
    while True:
        with tenancy.transaction(workspace=full.id):
            before = sum(table.select().count() for table in TABLES)
            done = purge.purge(full.id, 2)
            assert before - sum(table.select().count() for table in TABLES) <= 2
        rounds += 1
        if done:
            break
    assert rounds == 9
    with tenancy.transaction(workspace=full.id):
        assert [table.select().count() for table in TABLES] == [0] * 4
    assert Workspace.get_or_none(Workspace.id == full.id) is None
    assert purge.due(10) == []
    with tenancy.transaction(workspace=other.id):
        assert [table.select().count() for table in (Workspace, Member, WorkspaceApiKey)] == [1, 1, 1]


@pytest.mark.parametrize("ago", [None, timedelta(days=29)])
def test_what_is_not_due_is_left_alone(full, ago):
    if ago:
        delete(full, ago=ago)
    as_worker()
    assert purge.due(10) == []
    with tenancy.transaction(workspace=full.id):
        assert purge.purge(full.id, 100) is True
        assert Member.select().count() == 4


def test_the_longest_due_go_first_and_only_so_many(ada):
    places = [make_workspace(ada) for _ in range(3)]
    for days, place in zip((31, 33, 32), places, strict=True):
        delete(place, ago=timedelta(days=days))
    as_worker()
    assert purge.due(2) == [places[1].id, places[2].id]
