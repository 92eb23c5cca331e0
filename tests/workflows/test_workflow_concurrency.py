"""What happens to workflows and secrets at the same moment ends as if it had happened in turn."""

from collections import Counter
from functools import partial

import pytest

from server.core import tenancy
from server.workflows.models import Secret, Trigger, Version, Workflow
from server.workspaces.models import Workspace
from tests.accounts.factories import Person, make_person
from tests.support.parallel import endings
from tests.workflows.calls import SECRETS, ask, create, update
from tests.workspaces.factories import by, make_workspace, ws
from udb.embedded import Postgres
from userdata.workflows.v1 import secret_service_pb2
from userdata.workflows.v1.secret_pb2 import WorkflowSecret

CALLERS = 4


@pytest.fixture
def ada(committed: Postgres) -> Person:
    with tenancy.transaction():
        return make_person("ada@example.com")


@pytest.fixture
def acme(ada: Person) -> Workspace:
    with tenancy.transaction():
        return make_workspace(ada)


def says(value):
    trigger = {"id": f"t{value % 2}", "event": {"type": "order.placed"}}
    return {"triggers": [trigger], "steps": [{"id": "done", "type": "transform", "with": {"output": value}}]}


def rows(workspace, query):
    with tenancy.reading(workspace=workspace.id):
        return list(query.tuples())


def test_two_who_save_what_they_read_do_not_overwrite_each_other(ada, acme):
    made = create(by(ada), acme, definition=says(0))
    saves = [
        partial(update, by(ada), acme, made.id, definition=says(number), etag=made.etag) for number in range(1, CALLERS)
    ]
    assert Counter(endings(saves)) == {"OK": 1, "ETAG_MISMATCH": CALLERS - 2}
    assert rows(acme, Version.select(Version.number).order_by(Version.number)) == [(1,), (2,)]


def test_versions_are_numbered_without_gaps(ada, acme):
    made = create(by(ada), acme, definition=says(0))
    saves = [partial(update, by(ada), acme, made.id, definition=says(number)) for number in range(1, CALLERS + 1)]
    assert Counter(endings(saves)) == {"OK": CALLERS}
    numbers = [number for (number,) in rows(acme, Version.select(Version.number).order_by(Version.number))]
    assert numbers == [*range(1, CALLERS + 2)]
    assert rows(acme, Workflow.select(Workflow.version)) == [(CALLERS + 1,)]


def test_triggers_are_those_of_the_version_that_won(ada, acme):
    made = create(by(ada), acme, definition=says(0))
    acts = [partial(update, by(ada), acme, made.id, definition=says(number)) for number in range(1, CALLERS)]
    acts.append(partial(ask, by(ada), "ActivateWorkflow", acme, made.id))
    assert Counter(endings(acts)) == {"OK": CALLERS}
    latest = ask(by(ada), "GetWorkflow", acme, made.id)
    found = rows(acme, Trigger.select(Trigger.key, Trigger.version))
    assert found == [(latest.definition.triggers[0].id, latest.version)]


def test_a_name_is_given_to_one(ada, acme):
    assert Counter(endings([partial(create, by(ada), acme)] * CALLERS)) == {"OK": 1, "WORKFLOW_NAME_TAKEN": CALLERS - 1}


def test_a_secret_is_created_once(ada, acme):
    def make():
        secret = WorkflowSecret(name="TOKEN", value="v")
        request = secret_service_pb2.CreateWorkflowSecretRequest(workspace_id=ws(acme), secret=secret)
        return by(ada)(f"{SECRETS}CreateWorkflowSecret", request)

    assert Counter(endings([make] * CALLERS)) == {"OK": 1, "WORKFLOW_SECRET_EXISTS": CALLERS - 1}
    assert rows(acme, Secret.select(Secret.name)) == [("TOKEN",)]
