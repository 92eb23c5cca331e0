"""`udb demo` and `udb admin create`, as an operator runs them, on a real database."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from server.accounts.service import signing
from server.core import ids
from tests.support import database as databases
from tests.support.client import Client
from udb.conf import ROOT
from udb.demo.cast import PEOPLE, TEAMS
from udb.demo.traffic import EVENTS, NOBODY, TRAFFIC
from udb.demo.work import WORK
from udb.embedded import Postgres
from userdata.accounts.v1 import session_service_pb2, user_admin_service_pb2
from userdata.workspaces.v1 import member_service_pb2, workspace_service_pb2

LOGIN = "userdata.accounts.v1.SessionService/Login"
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def udb(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs the command line tool on the tests' database; what it makes is deleted afterwards."""
    signing.forget()
    environment = {**os.environ, "DATABASE_URL": postgres.url, "VAR_DIR": str(tmp_path_factory.mktemp("var"))}

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "udb", *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=environment, cwd=ROOT, check=False
        )

    yield run
    databases.empty(postgres.url)


@pytest.fixture(scope="module")
def made(udb: Run) -> str:
    """What `udb demo` says when it makes the demo."""
    done = udb("demo")
    assert done.returncode == 0, done.stderr
    return done.stdout


def password_in(text: str) -> str:
    found = re.search(r"password\s+(\w+)", text)
    assert found
    return found[1]


def login(client: Client, email: str, password: str) -> str:
    """The access token of a login."""
    response = client.call(LOGIN, session_service_pb2.LoginRequest(email=email, password=password))
    token: str = response.access_token
    return token


def test_everybody_is_told_with_their_part(made):
    for person in PEOPLE:
        assert re.search(rf"^{person.email} +{re.escape(person.name)}", made, re.MULTILINE)
    assert "Halcyon Observatory (owner)" in made


def test_every_workspace_has_endpoints_and_something_to_send(made, postgres):
    with databases.as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT slug, count(*) FILTER (WHERE state = 'PAUSED'), count(*)"
            " FROM workspace JOIN webhook_endpoint ON workspace_id = workspace.id GROUP BY slug"
        )
        assert {slug: (paused, all_of_them) for slug, paused, all_of_them in cursor.fetchall()} == {
            slug: (sum(hook.is_paused for hook in traffic.hooks), len(traffic.hooks))
            for slug, traffic in TRAFFIC.items()
        }
        cursor.execute("SELECT DISTINCT description FROM webhook_endpoint")
        assert cursor.fetchall() == [(NOBODY,)]
        cursor.execute("SELECT type, count(*) FROM event JOIN event_type ON name = type GROUP BY type")
        names = [kind.name for traffic in TRAFFIC.values() for kind in traffic.kinds]
        assert dict(cursor.fetchall()) == dict.fromkeys(names, EVENTS)


def test_every_workspace_has_a_workflow_that_runs(made, postgres):
    with databases.as_owner(postgres.url) as cursor:
        cursor.execute(
            "SELECT workflow.name, workflow.state, count(execution.id) FROM workflow"
            " JOIN workflow_open_execution execution ON execution.workflow_id = workflow.id GROUP BY workflow.id"
        )
        assert sorted(cursor.fetchall()) == sorted((work.name, "ACTIVE", len(work.inputs)) for work in WORK.values())


def test_the_installation_holds_what_the_cast_says(made, postgres):
    with databases.as_owner(postgres.url) as cursor:
        cursor.execute("SELECT count(*) FROM user_account WHERE email_verified AND email LIKE '%@demo.example'")
        assert cursor.fetchone() == (len(PEOPLE),)
        cursor.execute("SELECT slug, count(*) FROM workspace JOIN member ON workspace_id = id GROUP BY slug")
        assert dict(cursor.fetchall()) == {team.slug: len(team.joining) + 1 for team in TEAMS}
        cursor.execute("SELECT state, count(*) FROM invitation GROUP BY state")
        assert dict(cursor.fetchall()) == {
            "ACCEPTED": sum(len(team.joining) for team in TEAMS),
            "DECLINED": sum(len(team.declined) for team in TEAMS),
            "PENDING": sum(len(team.invited) for team in TEAMS),
            "REVOKED": sum(len(team.revoked) for team in TEAMS),
        }
        cursor.execute("SELECT state FROM ownership_transfer")
        assert cursor.fetchall() == [("PENDING",)]


def test_its_people_sign_in_and_see_their_workspaces(made, client):
    token = login(client, "chihiro@demo.example", password_in(made))

    mine = client.call(
        "userdata.workspaces.v1.WorkspaceService/ListWorkspaces",
        workspace_service_pb2.ListWorkspacesRequest(),
        token=token,
    )

    assert {workspace.slug for workspace in mine.workspaces} == {"halcyon-observatory", "kumo-robotics"}


def test_its_api_keys_work(made, client, postgres):
    key = re.search(r"^(udw_\w+) +Member sync", made, re.MULTILINE)
    assert key
    with databases.as_owner(postgres.url) as cursor:
        cursor.execute("SELECT id FROM workspace WHERE slug = 'halcyon-observatory'")
        (workspace_id,) = cursor.fetchone()

    request = member_service_pb2.ListMembersRequest(workspace_id=ids.encode("ws", workspace_id))
    members = client.call("userdata.workspaces.v1.MemberService/ListMembers", request, token=key[1]).members

    assert len(members) == len(TEAMS[0].joining) + 1


def test_a_second_run_changes_nothing_and_tells_the_same_password(made, udb, postgres):
    again = udb("demo")

    assert again.returncode == 0
    assert "there already" in again.stdout
    assert password_in(again.stdout) == password_in(made)
    with databases.as_owner(postgres.url) as cursor:
        cursor.execute("SELECT count(*) FROM user_account WHERE email LIKE '%@demo.example'")
        assert cursor.fetchone() == (len(PEOPLE),)


def test_an_administrator_is_made_and_may_look_at_all_accounts(made, udb, client):
    done = udb("admin", "create", "root@example.com", "--name", "Root", "--password-stdin", stdin="a quiet harbour\n")

    assert done.returncode == 0, done.stderr
    token = login(client, "root@example.com", "a quiet harbour")
    request = user_admin_service_pb2.ListUsersRequest(filter='email = "ada@demo.example"')
    (user,) = client.call("userdata.accounts.v1.UserAdminService/ListUsers", request, token=token).users
    assert user.display_name == "Adaeze Okonkwo"


def test_what_is_not_right_about_an_administrator_is_said_in_whole(udb):
    done = udb("admin", "create", "root", "--name", "Root", "--password-stdin", stdin="short\n")

    assert done.returncode == 1
    assert "email must be an e-mail address" in done.stderr
    assert "password must have at least 12 characters" in done.stderr
    assert "Traceback" not in done.stderr
