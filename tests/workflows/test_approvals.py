"""Approvals: who sees them, who decides, with which data, and what the execution hears of it."""

from datetime import timedelta

import pytest

from server.core import clock, ids, tenancy
from server.core.models import Event
from server.workflows.models import Approval, OpenExecution, Wait
from server.workspaces.roles import Role
from tests.accounts.factories import make_person
from tests.support.client import RpcError
from tests.support.parallel import endings
from tests.workflows.execution_factories import APPROVALS, decide, exe, make_approval, make_open
from tests.workflows.factories import make_workflow
from tests.workspaces.factories import Caller, by, make_key, make_member, make_workspace, usr, ws
from userdata.workflows.v1 import approval_pb2 as pb
from userdata.workflows.v1.approval_service_pb2 import ListApprovalsRequest

FORM = {"type": "object", "required": ["limit"], "properties": {"limit": {"type": "integer", "minimum": 1}}}


@pytest.fixture
def waiting(acme):
    """An execution that waits for something from outside."""
    return make_open(make_workflow(acme), "WAITING", due_time="infinity")


def apr(approval):
    return ids.encode("apr", approval.id)


def test_an_approval_lets_the_execution_go_on_with_its_data(ada, waiting):
    approval = make_approval(waiting, form=FORM, description="It is above the limit.")
    answer = decide(by(ada), "Approve", approval, data={"limit": 100}, comment="Only once.")
    assert (answer.state, answer.decider, answer.comment) == (pb.APPROVAL_STATE_APPROVED, usr(ada), "Only once.")
    assert dict(answer.data) == {"limit": 100}
    assert answer == decide(by(ada), "GetApproval", approval)
    wait = Wait.get(Wait.execution_id == waiting.id)
    assert wait.resolution == {
        "state": "APPROVED",
        "data": {"limit": 100},
        "comment": "Only once.",
        "decider": usr(ada),
    }
    assert OpenExecution.get(OpenExecution.id == waiting.id).state == "READY"


def test_a_rejection_needs_no_data(ada, waiting):
    approval = make_approval(waiting, form=FORM)
    assert decide(by(ada), "Reject", approval, comment="No.").state == pb.APPROVAL_STATE_REJECTED
    assert Wait.get(Wait.execution_id == waiting.id).resolution["state"] == "REJECTED"


def test_a_decision_is_an_event(ada, waiting, postgres):
    approval = make_approval(waiting)
    decide(by(ada), "Approve", approval)
    tenancy.enter(waiting.workspace_id)
    event = Event.get(Event.type == "workflow.approval.decided")
    assert (event.subject, event.actor) == (apr(approval), usr(ada))
    assert event.data["approval"]["state"] == "APPROVAL_STATE_APPROVED"


def test_every_violation_of_the_form_is_told_and_nothing_is_decided(ada, waiting):
    form = {**FORM, "required": ["limit", "reason"]}
    approval = make_approval(waiting, form=form)
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), "Approve", approval, data={"limit": 0})
    assert refusal.value.reason == "APPROVAL_DATA_INVALID"
    assert set(refusal.value.violations) == {"data", "data/limit"}
    assert decide(by(ada), "GetApproval", approval).state == pb.APPROVAL_STATE_PENDING


def test_a_form_that_is_no_schema_takes_any_object(ada, waiting):
    approval = make_approval(waiting, form={"type": "nonsense"})
    assert decide(by(ada), "Approve", approval, data={"a": 1}).state == pb.APPROVAL_STATE_APPROVED


@pytest.mark.parametrize("first", ["Approve", "Reject"])
@pytest.mark.parametrize("second", ["Approve", "Reject"])
def test_the_second_decision_is_refused(ada, waiting, first, second):
    approval = make_approval(waiting)
    decide(by(ada), first, approval)
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), second, approval)
    state = "APPROVED" if first == "Approve" else "REJECTED"
    assert (refusal.value.reason, refusal.value.metadata) == ("APPROVAL_DECIDED", {"state": state})


@pytest.mark.parametrize("state", ["EXPIRED", "CANCELLED"])
def test_what_came_to_nothing_is_not_decided(ada, waiting, state):
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), "Approve", make_approval(waiting, state=state))
    assert refusal.value.metadata == {"state": state}


def test_after_the_deadline_nothing_is_decided(ada, waiting):
    approval = make_approval(waiting, deadline=clock.now() - timedelta(seconds=1))
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), "Approve", approval)
    assert refusal.value.metadata == {"state": "EXPIRED"}


def test_an_execution_that_does_not_wait_any_more_hears_of_no_decision(ada, waiting):
    approval = make_approval(waiting)
    Wait.delete().where(Wait.execution_id == waiting.id).execute()
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), "Approve", approval)
    assert refusal.value.metadata == {"state": "CANCELLED"}
    assert Approval.get(Approval.id == approval.id).state == "PENDING"


@pytest.mark.parametrize(
    ("role", "approvers", "may"),
    [
        (Role.MEMBER, [], True),
        (Role.MEMBER, ["ADMIN"], False),
        (Role.ADMIN, ["ADMIN"], True),
        (Role.ADMIN, ["MEMBER"], True),
        (Role.ADMIN, ["OWNER"], False),
        (Role.MEMBER, ["usr_01jbrk8xw7e5tvh2c9n4m6q0za", "MEMBER"], True),
    ],
)
def test_only_the_approvers_decide(acme, waiting, role, approvers, may):
    approval = make_approval(waiting, approvers=approvers)
    person = make_member(acme, role)
    if may:
        assert decide(by(person), "Approve", approval).decider == usr(person)
        return
    with pytest.raises(RpcError) as refusal:
        decide(by(person), "Approve", approval)
    assert (refusal.value.code, refusal.value.reason) == ("PERMISSION_DENIED", "APPROVER_REQUIRED")


def test_an_approver_is_named_by_id_whatever_the_role(acme, ada, waiting):
    person = make_member(acme, Role.MEMBER)
    approval = make_approval(waiting, approvers=[usr(person)])
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), "Approve", approval)
    assert refusal.value.reason == "APPROVER_REQUIRED"
    assert decide(by(person), "Approve", approval).decider == usr(person)


def test_a_viewer_sees_approvals_and_decides_none(acme, waiting):
    viewer = make_member(acme, Role.VIEWER)
    approval = make_approval(waiting, approvers=[usr(viewer)])
    assert decide(by(viewer), "GetApproval", approval).id == apr(approval)
    with pytest.raises(RpcError) as refusal:
        decide(by(viewer), "Approve", approval)
    assert refusal.value.reason == "PERMISSION_MISSING"


def test_a_key_of_the_workspace_decides_only_where_nobody_is_named(acme, ada, waiting):
    _, secret = make_key(acme, ada, "approvals.decide")
    named = make_approval(waiting, approvers=["MEMBER"])
    with pytest.raises(RpcError) as refusal:
        decide(Caller(secret), "Approve", named)
    assert refusal.value.reason == "APPROVER_REQUIRED"
    anybody = make_approval(waiting, "other")
    assert decide(Caller(secret), "Approve", anybody).decider.startswith("key_")


def test_approvals_are_listed_the_newest_first_and_filtered(acme, ada, waiting):
    other = make_open(make_workflow(acme), "WAITING")
    first, second = make_approval(waiting), make_approval(other)
    third = make_approval(waiting, "again", state="REJECTED")

    def found(text="", **page):
        request = ListApprovalsRequest(workspace_id=ws(acme), filter=text, **page)
        return [each.id for each in by(ada)(APPROVALS + "ListApprovals", request).approvals]

    assert found() == [apr(third), apr(second), apr(first)]
    assert found(page_size=1) == [apr(third)]
    assert found("state = APPROVAL_STATE_PENDING") == [apr(second), apr(first)]
    assert found(f"execution_id = {exe(waiting)} AND state = APPROVAL_STATE_REJECTED") == [apr(third)]
    assert found(f"execution_id = {exe(waiting)} AND execution_id = {exe(other)}") == []


@pytest.mark.parametrize("method", ["GetApproval", "Approve", "Reject"])
def test_an_approval_of_another_workspace_is_not_there(acme, ada, method):
    other = make_workspace(ada)
    approval = make_approval(make_open(make_workflow(other), "WAITING"))
    approval.workspace = acme.id
    with pytest.raises(RpcError) as refusal:
        decide(by(ada), method, approval)
    assert refusal.value.code == "NOT_FOUND"


def test_of_two_decisions_at_once_the_second_fails(committed):
    with tenancy.transaction():
        owner = make_person()
        approval = make_approval(make_open(make_workflow(make_workspace(owner)), "WAITING", due_time="infinity"))
    actions = [lambda: decide(by(owner), "Approve", approval), lambda: decide(by(owner), "Reject", approval)]
    assert sorted(endings(actions * 2)) == ["APPROVAL_DECIDED"] * 3 + ["OK"]
