"""What a workspace leaves when it is purged, and dedupe keys whose events are gone."""

from datetime import UTC, datetime, timedelta

import peewee

from server.core import clock, events, ids, tenancy
from server.core.db import db
from server.core.events import Draft
from server.core.models import EventDedupe, EventSequence
from server.events.models import EventType, EventTypeVersion
from server.events.service import retention
from tests.accounts.factories import make_person
from tests.events.factories import make_type
from tests.workspaces.factories import make_workspace

OWN = [EventType, EventTypeVersion, EventSequence, EventDedupe]


def fill(owner, workspace):
    for name in ("order.paid", "order.sent"):
        make_type(owner, workspace, name=name)
    tenancy.enter(workspace.id)
    drafts = [Draft("order.paid", "", "{}", ordering_key=key, dedupe_key=key) for key in ("a", "b")]
    events.publish_many(drafts, workspace=workspace.id)


def as_worker():
    db.execute_sql("SET LOCAL ROLE userdata_worker")


def count(workspace):
    tenancy.enter(workspace.id)
    # The worker sees the dedupe keys of all workspaces.
    owned = peewee.SQL("workspace_id = %s", (workspace.id,))
    return [model.select().where(owned).count() for model in OWN]


def test_a_purge_takes_all_of_one_workspace_in_batches(ada, acme):
    fill(ada, acme)
    eve = make_person("eve@example.com")
    other = make_workspace(eve)
    fill(eve, other)
    as_worker()
    tenancy.enter(acme.id)
    gone = []
    while deleted := retention.purge_workspace(acme.id, 1):
        gone.append(deleted)
    assert gone == [1] * 8
    assert count(acme) == [0] * 4
    assert count(other) == [2] * 4
    assert db.execute_sql("SELECT count(*) FROM event WHERE workspace_id = %s", (acme.id,)).fetchone()[0] >= 2


def test_dedupe_keys_are_forgotten_with_their_events(database):
    workspace = ids.new()
    now = datetime.now(UTC)
    tenancy.enter(workspace)
    for age in (91, 90, 89):
        with clock.frozen(now - timedelta(days=age, seconds=1)):
            events.publish_many([Draft("order.paid", "", "{}", dedupe_key=f"{age} days")], workspace=workspace)
    as_worker()
    assert [retention.forget_dedupe_keys(1), retention.forget_dedupe_keys(1), retention.forget_dedupe_keys(1)] == [
        1,
        1,
        0,
    ]
    assert [row.dedupe_key for row in EventDedupe.select()] == ["89 days"]


def test_how_long_events_are_kept_is_a_setting_with_a_default():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with clock.frozen(now):
        assert retention.kept_since() == now - timedelta(days=90)
