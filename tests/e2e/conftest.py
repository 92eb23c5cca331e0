"""Fixtures of the end-to-end tests: one whole installation, as `udb up` runs it, for all of them.

Every file here carries the mark `xdist_group("e2e")`, so that one test process runs them all.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.support.fuzz import World
from tests.e2e.support.mailbox import Mailbox
from tests.e2e.support.people import People, Person
from tests.e2e.support.rest import Rest
from tests.support.database import as_owner
from udb.installation import Installation

#: An origin that browsers may call the installation from.
ORIGIN = "https://app.example.com"
SETTINGS = {
    "SERVER_PROCESSES": "2",
    "WORKER_PROCESSES": "1",
    "CORS_ORIGINS": ORIGIN,
    # A killed Postgres must lose nothing.
    "POSTGRES_FSYNC": "true",
    "WORKSPACES_PER_USER": "0",
    # What a killed worker had in work is with another one after this time.
    "JOB_LEASE_SECONDS": "3",
    "WEBHOOK_LEASE_SECONDS": "2",
    "DELIVERER_PROCESSES": "2",
    # Receivers of the tests listen on loopback.
    "WEBHOOK_ALLOW_HTTP": "true",
    "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation."""
    with Installation(tmp_path_factory.mktemp("e2e") / "var", SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def anyone(installation: Installation) -> Rest:
    """REST through Envoy, not signed in."""
    return Rest(installation.grpc_target)


@pytest.fixture(scope="session")
def mailbox(installation: Installation) -> Mailbox:
    """All mail that the installation has sent."""
    return Mailbox(installation.var.mail)


@pytest.fixture(scope="session")
def people(installation: Installation, anyone: Rest, mailbox: Mailbox) -> People:
    """Makes people."""

    def make_admin(email: str) -> None:
        with as_owner(installation.database_url) as cursor:
            cursor.execute("UPDATE user_account SET is_admin = true WHERE email = %s", (email,))

    return People(anyone, mailbox, make_admin)


@pytest.fixture(scope="session")
def ada(people: People) -> Person:
    """Somebody who is signed in and stays so; for tests that change nothing about people."""
    return people.person()


@pytest.fixture(scope="session")
def world(people: People) -> World:
    """What the authors of bad input have."""
    return World(people, people.person(name="Eve"), people.admin())
