"""A query on deliveries that forgets its WHERE sees and touches nothing of another tenant."""

from typing import Any

import peewee
import pytest

from server.core import clock, ids, tenancy
from server.core.db import db
from server.webhooks.models import Attempt, Delivery, OpenDelivery, Replay, Skip
from tests.accounts.factories import make_person
from tests.webhooks.factories import make_attempt, make_delivery, make_endpoint, make_event
from tests.workspaces.factories import make_workspace

SELECTION = {
    "start_time": "2026-11-01T00:00:00+00:00",
    "end_time": "2026-11-02T00:00:00+00:00",
    "event_types": [],
    "states": ["FAILED"],
}
#: Each with the column that names its workspace, and one that the app may set.
TABLES: list[tuple[Any, Any, dict[str, Any]]] = [
    (OpenDelivery, OpenDelivery.workspace_id, {"attempts": 99}),
    (Delivery, Delivery.workspace_id, {"attempts": 99}),
    (Attempt, Attempt.workspace_id, {}),
    (Skip, Skip.workspace_id, {}),
    (Replay, Replay.workspace, {"replayed": 99}),
]
NAMES = [table.__name__ for table, _, _ in TABLES]


class Tenant:
    """A workspace with a row in every table."""

    def __init__(self):
        self.workspace = make_workspace(make_person())
        self.endpoint = make_endpoint(self.workspace)
        for state in ("PENDING", "FAILED"):
            self.event = make_event(self.workspace)
            make_delivery(self.endpoint, self.event, state)
        make_attempt(self.endpoint, self.event)
        Skip.create(reason="FILTERED", **self.key())
        Replay.create(workspace=self.workspace.id, selection=SELECTION)

    def key(self):
        """What names the second delivery."""
        return {
            "endpoint_id": self.endpoint.id,
            "event_id": self.event.id,
            "event_time": self.event.create_time,
            "workspace_id": self.workspace.id,
        }


@pytest.fixture
def mine(database):
    return Tenant()


@pytest.fixture
def yours(mine):
    return Tenant()


@pytest.mark.parametrize(("table", "owner", "_change"), TABLES, ids=NAMES)
def test_returns_nothing_of_others(mine, yours, table, owner, _change):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    assert {row for (row,) in table.select(owner).tuples()} == {mine.workspace.id}
    for nobody in (None, ids.new()):
        tenancy.switch(workspace=nobody, user=None)
        assert list(table.select()) == []


@pytest.mark.parametrize(("table", "_owner", "change"), [t for t in TABLES if t[2]], ids=[NAMES[n] for n in (0, 1, 4)])
def test_changes_nothing_of_others(mine, yours, table, _owner, change):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    assert table.update(**change).execute() == 1
    tenancy.switch(workspace=yours.workspace.id, user=None)
    (name,) = change
    assert {getattr(row, name) for row in table.select()} & {99} == set()


@pytest.mark.parametrize("table", [OpenDelivery, Delivery], ids=["OpenDelivery", "Delivery"])
def test_deletes_nothing_of_others(mine, yours, table):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    assert table.delete().execute() == 1
    tenancy.switch(workspace=yours.workspace.id, user=None)
    assert table.select().count() == 1


@pytest.mark.parametrize("table", [Attempt, Skip, Replay], ids=["Attempt", "Skip", "Replay"])
def test_what_was_recorded_is_not_for_the_app_to_delete(mine, table):
    with pytest.raises(peewee.ProgrammingError, match="permission denied"), db.atomic():
        table.delete().execute()


def test_rows_cannot_be_written_into_another_tenant(mine, yours):
    tenancy.switch(workspace=mine.workspace.id, user=None)
    theirs = yours.key() | {"event_id": ids.new()}
    more = {"type": "x", "position": 1, "trigger": "AUTOMATIC", "attempts": 0}
    # Without RETURNING: what it reads of the new row would be refused for another reason.
    writes = [
        OpenDelivery.insert(**theirs, **more, due_time=clock.now(), state="PENDING"),
        Delivery.insert(**theirs, **more, state="FAILED"),
        Attempt.insert(**theirs, number=7, trigger="AUTOMATIC", start_time=clock.now(), total_ms=1),
        Skip.insert(**theirs, reason="DISABLED"),
        Replay.insert(workspace=yours.workspace.id, selection=SELECTION),
    ]
    for write in (each.returning() for each in writes):
        with pytest.raises(peewee.ProgrammingError, match="row-level security"), db.atomic():
            write.execute()
    for table, owner, _ in (TABLES[0], TABLES[1], TABLES[4]):
        with pytest.raises(peewee.ProgrammingError, match="row-level security"), db.atomic():
            table.update({owner: yours.workspace.id}).execute()
