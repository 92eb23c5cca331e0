"""What the tests of this room begin with."""

from collections.abc import Iterator

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
def worker_role(committed: Postgres) -> Iterator[Postgres]:
    """The database as the workers' role; what is committed is deleted after the test."""
    db.close()
    db.open(committed.url, role="userdata_worker", application="tests")
    yield committed
    db.close()
    db.open(committed.url, role="userdata_app", application="tests")
