"""Versions: each save of another definition makes one, and nothing changes one."""

import pytest

from server.core import tenancy
from server.workflows.models import Version
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.workflows.calls import ask, create, update
from tests.workspaces.factories import by, events_of, make_member, usr


def says(value):
    return {"steps": [{"id": "done", "type": "transform", "with": {"output": value}}]}


@pytest.fixture
def made(ada, acme):
    return create(by(ada), acme, definition=says(1))


def test_another_definition_is_another_version(ada, acme, made):
    changed = update(by(ada), acme, made.id, definition=says(2))
    assert (changed.version, changed.definition.steps[0].ListFields()[-1][1]["output"]) == (2, 2)
    first = ask(by(ada), "GetWorkflowVersion", acme, made.id, version=1)
    assert first.definition == made.definition
    assert ask(by(ada), "GetWorkflowVersion", acme, made.id, version=2).definition == changed.definition
    assert ask(by(ada), "GetWorkflow", acme, made.id).definition == changed.definition
    name, data = events_of(acme.id)[-1]
    assert (name, data["changes"]) == ("workflow.updated", {"version": {"before": 1.0, "after": 2.0}})


def test_the_same_definition_is_no_version(ada, acme, made):
    assert update(by(ada), acme, made.id, definition=says(1)) == made
    assert update(by(ada), acme, made.id, definition=says(1.0)).version == 1
    assert update(by(ada), acme, made.id, definition=says(bool(1))).version == 2
    assert update(by(ada), acme, made.id, definition=says("true")).version == 3
    assert update(by(ada), acme, made.id, definition=says(1)).version == 4


def test_a_version_knows_who_made_it(ada, acme, made):
    grace = make_member(acme, Role.ADMIN)
    update(by(grace), acme, made.id, definition=says(2))
    page = ask(by(ada), "ListWorkflowVersions", acme, made.id)
    assert [(version.version, version.creator) for version in page.versions] == [(2, usr(grace)), (1, usr(ada))]
    assert not any(version.HasField("definition") for version in page.versions)


def test_versions_are_paged_newest_first(ada, acme, made):
    for number in range(2, 6):
        update(by(ada), acme, made.id, definition=says(number))
    found, token = [], ""
    while True:
        page = ask(by(ada), "ListWorkflowVersions", acme, made.id, page_size=2, page_token=token)
        found += [version.version for version in page.versions]
        if not (token := page.next_page_token):
            break
    assert found == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("number", [2, 2**31 - 1])
def test_a_version_that_is_not_there(ada, acme, made, number):
    with pytest.raises(RpcError) as refused:
        ask(by(ada), "GetWorkflowVersion", acme, made.id, version=number)
    assert refused.value.code == "NOT_FOUND"


def test_the_app_cannot_delete_versions(ada, acme, made):
    tenancy.enter(acme.id)
    with pytest.raises(Exception, match="permission denied"):
        Version.delete().execute()
