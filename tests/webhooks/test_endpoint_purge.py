"""What becomes of webhooks when their workspace is deleted, restored or purged."""

import json
from datetime import timedelta

import pytest

from server.core import clock, ids, tenancy
from server.events.service.draining import Drained
from server.webhooks.models import (
    Endpoint,
    EndpointHour,
    EndpointVersion,
    Lane,
    OpenDelivery,
    PortalSession,
    Replay,
    Secret,
    Source,
)
from server.webhooks.service import purge, standstill
from tests.accounts.world import as_worker
from tests.webhooks.factories import make_endpoint
from tests.workspaces.factories import make_workspace

TABLES = [OpenDelivery, Replay, Secret, EndpointHour, Lane, EndpointVersion, Endpoint, Source, PortalSession]


def fill(workspace):
    """A row of each table."""
    endpoint = make_endpoint(workspace)
    now = clock.now()
    event_id = ids.new()
    OpenDelivery.create(
        endpoint_id=endpoint.id,
        event_id=event_id,
        event_time=now,
        workspace_id=workspace.id,
        type="order.paid",
        position=1,
        due_time=now,
    )
    Replay.create(workspace=workspace.id, endpoint=endpoint.id, selection={})
    EndpointHour.create(endpoint=endpoint.id, hour=now, workspace=workspace.id, succeeded=1, failed=0, latencies=[0])
    Source.create(workspace=workspace.id, name="s", kind="GITHUB", token_hash=endpoint.id.bytes, event_type="a.b")
    PortalSession.create(
        workspace=workspace.id,
        creator="usr_1",
        permissions=[],
        code_hash=endpoint.id.bytes,
        code_expire_time=now,
        token_hash=endpoint.id.bytes,
    )


def counts(workspace):
    tenancy.enter(workspace.id)
    return [table.select().count() for table in TABLES]


def told(workspace, *types):
    """As the drain shows events of these types."""
    return [
        Drained(at, ids.new(), clock.now(), workspace.id, kind, "", (), None, None, json.dumps({}), "")
        for at, kind in enumerate(types)
    ]


def heard(*events):
    with as_worker():
        assert standstill.listen([*events]) == {}


def is_blocked(endpoint):
    tenancy.enter(endpoint.workspace)
    where = (Lane.endpoint == endpoint.id) & (Lane.blocked_time == "infinity") & (Lane.due_time == "infinity")
    return Lane.select().where(where).exists()


def test_a_purge_takes_every_row_of_the_workspace_in_batches_and_no_other(ada, acme):
    other = make_workspace(ada)
    fill(other)
    fill(acme)
    fill(acme)
    rounds = 0
    with as_worker():
        while purge.purge_workspace(acme.id, 1) == 1:
            rounds += 1
    assert rounds == 2 * len(TABLES)
    assert counts(acme) == [0] * len(TABLES)
    assert counts(other) == [1] * len(TABLES)


def test_a_deleted_workspace_stands_still_until_it_is_restored(ada, acme):
    active, paused = make_endpoint(acme), make_endpoint(acme, state="PAUSED")
    other = make_endpoint(make_workspace(ada))
    tenancy.enter(acme.id)
    Lane.update(due_time=clock.now()).where(Lane.endpoint == active.id).execute()
    heard(*told(acme, "order.paid", "workspace.deleted"))
    assert [is_blocked(endpoint) for endpoint in (active, other)] == [True, False]
    heard(*told(acme, "workspace.restored"))
    assert not is_blocked(active)
    assert Lane.get(Lane.endpoint == active.id).due_time <= clock.now()
    assert Lane.select().where((Lane.endpoint == paused.id) & (Lane.blocked_time == "infinity")).exists()


@pytest.mark.parametrize(
    ("types", "blocked"),
    [
        (["workspace.deleted", "workspace.restored"], False),
        (["workspace.restored", "workspace.deleted"], True),
        (["order.paid"], False),
    ],
)
def test_the_last_word_counts(acme, types, blocked):
    endpoint = make_endpoint(acme)
    heard(*told(acme, *types))
    assert is_blocked(endpoint) is blocked


def test_secrets_that_sign_no_more_go(acme):
    endpoint = make_endpoint(acme)
    now = clock.now()
    for hours in (-1, 1):
        expire_time = now + timedelta(hours=hours)
        Secret.create(endpoint=endpoint.id, workspace=acme.id, secret=b"", expire_time=expire_time)
    with as_worker():
        assert purge.purge_expired(100) == 1
    tenancy.enter(acme.id)
    assert sorted(row.expire_time is None for row in Secret.select()) == [False, True]


def test_portal_sessions_that_ended_long_ago_go(acme):
    def make(name, *, link, session):
        times = {"code_expire_time": now + timedelta(days=link)}
        if session is not None:
            times["expire_time"] = now + timedelta(days=session)
        hashed = {"code_hash": name.encode(), "token_hash": name.encode()}
        return PortalSession.create(workspace=acme.id, creator=name, permissions=[], **hashed, **times)

    now = clock.now()
    make("never used", link=-31, session=None)
    make("over", link=-32, session=-31)
    make("just over", link=-31, session=-29)
    make("link", link=0, session=None)
    with as_worker():
        assert purge.purge_expired(1) == 1
        assert purge.purge_expired(100) == 1
    tenancy.enter(acme.id)
    assert sorted(row.creator for row in PortalSession.select()) == ["just over", "link"]
