"""Keeping workflows: what is kept, what is shown, what is refused, and what is told."""

import pytest

from server.core import config, tenancy
from server.workflows.models import Version, Workflow
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.workflows.calls import WORKFLOWS, ask, create, update
from tests.workflows.factories import NOTHING
from tests.workspaces.factories import by, events_of, make_member, make_workspace, ws
from userdata.workflows.v1 import workflow_pb2
from userdata.workflows.v1 import workflow_service_pb2 as pb

OTHER = {"steps": [{"id": "done", "type": "transform", "with": {"output": 2}}]}


@pytest.fixture
def made(ada, acme):
    return create(by(ada), acme, display_name="Charge an order", labels={"team": "billing"})


def told(workspace):
    return [(name, data) for name, data in events_of(workspace.id) if name.startswith("workflow.")]


def test_a_new_workflow_is_a_draft_with_version_1(ada, acme, made):
    assert made.id.startswith("wf_")
    assert (made.name, made.display_name, made.version) == ("charge-order", "Charge an order", 1)
    assert made.state == workflow_pb2.WORKFLOW_STATE_DRAFT
    assert made.definition.steps[0].id == "done"
    assert dict(made.labels) == {"team": "billing"}
    assert ask(by(ada), "GetWorkflow", acme, made.id) == made
    [(name, data)] = told(acme)
    assert name == "workflow.created"
    assert data["workflow"]["id"] == made.id
    assert "definition" not in data["workflow"]


def test_a_definition_in_yaml_is_the_same_as_in_json(ada, acme, made):
    yaml = "steps:\n- {id: done, type: transform, with: {output: 1}}\n"
    written = create(by(ada), acme, "from-yaml", yaml=yaml)
    assert written.definition == made.definition
    assert not written.yaml
    as_json = '{"steps": [{"id": "done", "type": "transform", "with": {"output": 1.0}}]}'
    assert update(by(ada), acme, written.id, yaml=as_json).version == 1


@pytest.mark.parametrize("values", [{"yaml": ""}, {"yaml": "steps: []", "definition": NOTHING}])
def test_exactly_one_definition_is_wanted(ada, acme, values):
    with pytest.raises(RpcError) as refused:
        if "definition" in values:
            made = create(by(ada), acme)
            update(by(ada), acme, made.id, **values)
        else:
            create(by(ada), acme, **values)
    assert refused.value.reason == "VALIDATION_FAILED"
    assert [*refused.value.violations] in (["workflow.definition"], ["workflow.yaml"])


def test_a_name_is_given_once_in_a_workspace(ada, acme, made):
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme)
    assert (refused.value.code, refused.value.reason) == ("ALREADY_EXISTS", "WORKFLOW_NAME_TAKEN")
    assert refused.value.metadata["name"] == "charge-order"
    other = make_workspace(ada)
    assert create(by(ada), other).id != made.id
    ask(by(ada), "DeleteWorkflow", acme, made.id)
    assert create(by(ada), acme).id != made.id


@pytest.mark.parametrize("name", ["", "Charge", "1st", "a b", "x" * 64, "é", "a\0"])
def test_a_name_is_a_word(ada, acme, name):
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, name)
    assert [*refused.value.violations] == ["workflow.name"]


def test_people_write_what_they_like(ada, acme):
    display_name, description = "Zahlung 💳 принять " + "ü" * 100, "多" * 2000
    made = create(by(ada), acme, "x" * 63, display_name=display_name, description=description)
    again = ask(by(ada), "GetWorkflow", acme, made.id)
    assert (again.name, again.display_name, again.description) == ("x" * 63, display_name, description)
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, "other", display_name="ü" * 129, description="多" * 2001)
    assert {*refused.value.violations} == {"workflow.display_name", "workflow.description"}


def test_validate_only_keeps_nothing(ada, acme, made):
    checked = create(by(ada), acme, "other", validate_only=True)
    assert (checked.id, checked.etag, checked.version) == ("", "", 1)
    changed = update(by(ada), acme, made.id, definition=OTHER, validate_only=True)
    assert (changed.id, changed.etag, changed.version) == (made.id, "", 2)
    assert ask(by(ada), "GetWorkflow", acme, made.id) == made
    assert [name for name, _ in told(acme)] == ["workflow.created"]
    with pytest.raises(RpcError, match="WORKFLOW_NAME_TAKEN"):
        create(by(ada), acme, validate_only=True)


def test_the_limit_of_workflows(ada, acme, made, monkeypatch):
    monkeypatch.setenv("WORKFLOWS_PER_WORKSPACE", "1")
    config.read.cache_clear()
    try:
        with pytest.raises(RpcError) as refused:
            create(by(ada), acme, "one-more")
    finally:
        monkeypatch.undo()
        config.read.cache_clear()
    assert refused.value.reason == "LIMIT_REACHED"


def test_an_update_changes_what_it_names(ada, acme, made):
    changed = update(by(ada), acme, made.id, "description", description="What it is for.", display_name="Passed over")
    assert (changed.description, changed.display_name) == ("What it is for.", "Charge an order")
    assert changed.version == 1
    assert changed.etag != made.etag
    emptied = update(by(ada), acme, made.id, "labels", "description")
    assert (dict(emptied.labels), emptied.description) == ({}, "")
    _, (name, data), _ = told(acme)
    assert name == "workflow.updated"
    assert data["changes"] == {"description": {"before": None, "after": "What it is for."}}


def test_what_cannot_be_updated_is_refused_by_name(ada, acme, made):
    with pytest.raises(RpcError) as refused:
        update(by(ada), acme, made.id, "name", name="other")
    assert refused.value.reason == "UPDATE_MASK_INVALID"


def test_sending_back_what_was_read_changes_nothing(ada, acme, made):
    request = pb.UpdateWorkflowRequest(workspace_id=ws(acme), workflow_id=made.id, workflow=made)
    assert by(ada)(f"{WORKFLOWS}UpdateWorkflow", request) == made
    assert [name for name, _ in told(acme)] == ["workflow.created"]


def test_an_etag_of_before_is_refused(ada, acme, made):
    update(by(ada), acme, made.id, definition=OTHER, etag=made.etag)
    for act in (
        lambda: update(by(ada), acme, made.id, description="x", etag=made.etag),
        lambda: ask(by(ada), "ActivateWorkflow", acme, made.id, etag=made.etag),
        lambda: ask(by(ada), "ArchiveWorkflow", acme, made.id, etag=made.etag),
        lambda: ask(by(ada), "DeleteWorkflow", acme, made.id, etag=made.etag),
    ):
        with pytest.raises(RpcError) as refused:
            act()
        assert (refused.value.code, refused.value.reason) == ("ABORTED", "ETAG_MISMATCH")


def test_a_deleted_workflow_is_gone_and_its_versions_stay_for_its_executions(ada, acme, made):
    ask(by(ada), "DeleteWorkflow", acme, made.id, etag=made.etag)
    for verb in ("GetWorkflow", "DeleteWorkflow", "ActivateWorkflow", "ListWorkflowVersions"):
        with pytest.raises(RpcError) as refused:
            ask(by(ada), verb, acme, made.id)
        assert refused.value.code == "NOT_FOUND"
    tenancy.enter(acme.id)
    assert Workflow.get().delete_time is not None
    assert Version.select().count() == 1
    assert told(acme)[-1] == ("workflow.deleted", {"workflowId": made.id, "name": "charge-order"})


def listed(ada, acme, **values):
    request = pb.ListWorkflowsRequest(workspace_id=ws(acme), **values)
    return by(ada)(f"{WORKFLOWS}ListWorkflows", request)


def test_lists_are_paged_newest_first_without_definitions(ada, acme):
    names = [create(by(ada), acme, f"workflow-{number}").name for number in range(5)]
    found, token = [], ""
    while True:
        page = listed(ada, acme, page_size=2, page_token=token)
        found += page.workflows
        if not (token := page.next_page_token):
            break
    assert [workflow.name for workflow in found] == names[::-1]
    assert not any(workflow.HasField("definition") for workflow in found)
    first = listed(ada, acme, page_size=2)
    with pytest.raises(RpcError, match="PAGE_TOKEN_INVALID"):
        listed(ada, acme, page_size=2, page_token=first.next_page_token, filter="name != a")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("state = WORKFLOW_STATE_ACTIVE", ["b"]),
        ("state != WORKFLOW_STATE_ACTIVE", ["c", "a"]),
        ("state != WORKFLOW_STATE_ACTIVE AND name != c", ["a"]),
        ("name = a", ["a"]),
        ("name = a AND name = b", []),
        ("state = WORKFLOW_STATE_ACTIVE AND state = WORKFLOW_STATE_DRAFT", []),
        ("name != a AND name != b", ["c"]),
    ],
)
def test_lists_are_filtered(ada, acme, text, names):
    made = {name: create(by(ada), acme, name) for name in "abc"}
    ask(by(ada), "ActivateWorkflow", acme, made["b"].id)
    assert [workflow.name for workflow in listed(ada, acme, filter=text).workflows] == names


@pytest.mark.parametrize("text", ["state = RUNNING", "version = 1", "name = ", "name >= a"])
def test_a_filter_that_is_none_is_refused(ada, acme, text):
    with pytest.raises(RpcError, match="FILTER_INVALID"):
        listed(ada, acme, filter=text)


def test_members_read_and_admins_write(ada, acme, made):
    member, admin = make_member(acme, Role.MEMBER), make_member(acme, Role.ADMIN)
    assert ask(by(member), "GetWorkflow", acme, made.id) == made
    with pytest.raises(RpcError, match="PERMISSION_MISSING"):
        update(by(member), acme, made.id, description="mine")
    assert update(by(admin), acme, made.id, description="ours").description == "ours"
