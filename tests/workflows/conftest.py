"""What the tests of this room begin with."""

import pytest

from server.core.db import db
from server.workspaces.models import Workspace
from tests.accounts.factories import Person, make_person
from tests.workspaces.factories import make_workspace
from udb.embedded import Postgres


@pytest.fixture
def ada(database: Postgres) -> Person:
    """Somebody who is signed in."""
    return make_person("ada@example.com")


@pytest.fixture
def acme(ada: Person) -> Workspace:
    """A workspace of Ada's."""
    return make_workspace(ada, slug="acme-engines")


@pytest.fixture
def worker(acme: Workspace) -> Workspace:
    """Acme, looked at by a worker, which sees all workspaces."""
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    return acme
