"""Secrets can be set and named, and are never shown."""

import pytest

from server.core import config, tenancy
from server.core.crypto import SealBroken
from server.workflows import sealing
from server.workflows.models import Secret
from server.workspaces.roles import Role
from tests.support.client import RpcError
from tests.workflows.calls import SECRETS
from tests.workspaces.factories import by, events_of, make_member, make_workspace, ws
from userdata.workflows.v1 import secret_service_pb2 as pb
from userdata.workflows.v1.secret_pb2 import WorkflowSecret

VALUE = "pay_live_7f3a9c 💳"


def create(caller, workspace, name="PAYMENT_TOKEN", value=VALUE):
    secret = WorkflowSecret(name=name, value=value)
    request = pb.CreateWorkflowSecretRequest(workspace_id=ws(workspace), secret=secret)
    return caller(f"{SECRETS}CreateWorkflowSecret", request)


def ask(caller, verb, workspace, **values):
    return caller(f"{SECRETS}{verb}", getattr(pb, f"{verb}Request")(workspace_id=ws(workspace), **values))


def test_a_value_is_sealed_and_never_shown(ada, acme):
    made = create(by(ada), acme)
    assert (made.name, made.value, made.workspace_id) == ("PAYMENT_TOKEN", "", ws(acme))
    assert ask(by(ada), "GetWorkflowSecret", acme, name="PAYMENT_TOKEN") == made
    assert [*ask(by(ada), "ListWorkflowSecrets", acme).secrets] == [made]
    tenancy.enter(acme.id)
    sealed = bytes(Secret.get().value)
    assert VALUE.encode() not in sealed
    assert sealing.unseal(acme.id, "PAYMENT_TOKEN", sealed) == VALUE
    assert "pay_live" not in str(events_of(acme.id))
    assert events_of(acme.id)[-1] == ("workflow.secret.created", {"name": "PAYMENT_TOKEN"})


def test_a_sealed_value_opens_in_its_place_only(ada, acme):
    create(by(ada), acme)
    tenancy.enter(acme.id)
    sealed = bytes(Secret.get().value)
    for place in ((acme.id, "OTHER"), (make_workspace(ada).id, "PAYMENT_TOKEN")):
        with pytest.raises(SealBroken):
            sealing.unseal(*place, sealed)


def test_a_value_can_be_set_again(ada, acme):
    made = create(by(ada), acme)
    changed = ask(by(ada), "SetWorkflowSecret", acme, name="PAYMENT_TOKEN", value="new")
    assert changed.create_time == made.create_time
    assert changed.update_time.ToDatetime() > made.update_time.ToDatetime()
    tenancy.enter(acme.id)
    assert sealing.unseal(acme.id, "PAYMENT_TOKEN", bytes(Secret.get().value)) == "new"
    assert events_of(acme.id)[-1][0] == "workflow.secret.updated"


def test_a_deleted_secret_is_gone(ada, acme):
    create(by(ada), acme)
    ask(by(ada), "DeleteWorkflowSecret", acme, name="PAYMENT_TOKEN")
    assert events_of(acme.id)[-1] == ("workflow.secret.deleted", {"name": "PAYMENT_TOKEN"})
    for verb, values in (
        ("GetWorkflowSecret", {}),
        ("DeleteWorkflowSecret", {}),
        ("SetWorkflowSecret", {"value": "new"}),
    ):
        with pytest.raises(RpcError) as refused:
            ask(by(ada), verb, acme, name="PAYMENT_TOKEN", **values)
        assert refused.value.code == "NOT_FOUND"
    assert create(by(ada), acme).name == "PAYMENT_TOKEN"


def test_a_name_is_given_once(ada, acme):
    create(by(ada), acme)
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme)
    assert (refused.value.code, refused.value.reason) == ("ALREADY_EXISTS", "WORKFLOW_SECRET_EXISTS")


@pytest.mark.parametrize("name", ["", "token", "1A", "A-B", "A" * 65, "_A", "É"])
def test_names_are_upper_case_words(ada, acme, name):
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, name)
    assert [*refused.value.violations] == ["secret.name"]


@pytest.mark.parametrize("value", ["", "x" * 65_537, "a\0b"])
def test_values_are_bounded(ada, acme, value):
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, value=value)
    assert [*refused.value.violations] == ["secret.value"]
    assert "x" * 100 not in str(refused.value)


def test_lists_are_paged_by_name(ada, acme):
    for name in ("C", "A", "B", "A" * 64, "B_1"):
        create(by(ada), acme, name)
    found, token = [], ""
    while True:
        page = ask(by(ada), "ListWorkflowSecrets", acme, page_size=2, page_token=token)
        found += [secret.name for secret in page.secrets]
        if not (token := page.next_page_token):
            break
    assert found == ["A", "A" * 64, "B", "B_1", "C"]


def test_the_limit_of_secrets(ada, acme, monkeypatch):
    monkeypatch.setenv("WORKFLOW_SECRETS_PER_WORKSPACE", "1")
    config.read.cache_clear()
    try:
        create(by(ada), acme)
        with pytest.raises(RpcError) as refused:
            create(by(ada), acme, "OTHER")
    finally:
        monkeypatch.undo()
        config.read.cache_clear()
    assert refused.value.reason == "LIMIT_REACHED"


def test_members_do_not_even_see_the_names(ada, acme):
    create(by(ada), acme)
    with pytest.raises(RpcError, match="PERMISSION_MISSING"):
        ask(by(make_member(acme, Role.MEMBER)), "ListWorkflowSecrets", acme)
