"""Row-level security keeps webhooks of one workspace from another, whatever a query forgets."""

import pytest
from peewee import ProgrammingError

from server.core import clock, ids, tenancy
from server.core.db import db
from server.webhooks.models import Endpoint, EndpointVersion, Lane, OpenDelivery, PortalSession, Secret, Source
from server.webhooks.queries import endpoints, portal, secrets
from tests.webhooks.factories import make_endpoint
from tests.workspaces.factories import make_workspace

TABLES = [Endpoint, EndpointVersion, Secret, Lane, PortalSession]


@pytest.fixture
def theirs(ada, acme):
    """An endpoint of another workspace; the scope goes on in acme."""
    other = make_workspace(ada)
    endpoint = make_endpoint(other)
    PortalSession.create(
        workspace=other.id, creator="usr_1", permissions=[], code_hash=b"c", code_expire_time=clock.now()
    )
    tenancy.enter(acme.id)
    return endpoint


def test_nothing_of_another_workspace_is_seen(acme, theirs):
    assert [table.select().count() for table in TABLES] == [0] * len(TABLES)
    assert endpoints.get(theirs.workspace, theirs.id) is None
    assert endpoints.page_of(theirs.workspace, after=None, limit=10) == []
    assert secrets.valid(theirs.workspace, theirs.id, now=clock.now()) == []
    assert portal.page_of(theirs.workspace, after=None, limit=10) == []


def test_nothing_of_another_workspace_is_changed(acme, theirs):
    endpoints.update(theirs.workspace, theirs.id, description="mine now")
    endpoints.block(theirs.workspace, theirs.id)
    secrets.delete(theirs.workspace, theirs.id)
    tenancy.enter(theirs.workspace)
    assert Endpoint.get().description == ""
    assert Lane.select().where(Lane.blocked_time == "infinity").count() == 0
    assert Secret.select().count() == 1


@pytest.mark.parametrize("table", [Endpoint, Secret, Lane, OpenDelivery, PortalSession, Source])
def test_nothing_is_written_into_another_workspace(acme, theirs, table):
    now = clock.now()
    values = {
        Endpoint: {"url": "https://x.example.com", "url_key": "x", "retry_delays": [0]},
        Secret: {"endpoint": theirs.id, "secret": b"s"},
        Lane: {"endpoint": theirs.id, "due_time": now, "blocked_time": now, "rate_time": now},
        PortalSession: {"creator": "usr_1", "permissions": [], "code_hash": b"d", "code_expire_time": now},
        Source: {"name": "s", "kind": "GITHUB", "token_hash": b"t", "event_type": "a.b"},
        OpenDelivery: {
            "endpoint_id": theirs.id,
            "event_id": ids.new(),
            "event_time": now,
            "type": "a.b",
            "position": 1,
            "due_time": now,
        },
    }[table]
    owner = {"workspace_id": theirs.workspace} if table is OpenDelivery else {"workspace": theirs.workspace}
    with pytest.raises(ProgrammingError, match="row-level security"), db.atomic():
        table.create(**values, **owner)
