"""The table of roles, written down once more: a change of it should be a decision."""

from itertools import pairwise

import pytest

from server import app
from server.core.contract import methods
from server.workspaces.roles import ALL, OUTLIVE_DELETION, Role
from userdata.workspaces.v1 import member_pb2

VIEWER = {"workspaces.read", "members.read", "events.read", "event_types.read", "workflows.read"}
MEMBER = {*VIEWER, "invitations.read", "events.publish", "webhooks.read", "workflows.execute", "approvals.decide"}
ADMIN = {
    *MEMBER,
    *("workspaces.update", "members.write", "invitations.write", "api_keys.read", "api_keys.write"),
    *("event_types.write", "webhooks.write", "webhooks.secrets", "portal.read", "portal.write"),
    *("workflows.write", "workflow_secrets.read", "workflow_secrets.write"),
}
OWNER = {*ADMIN, "workspaces.delete", "ownership.transfer"}


@pytest.mark.parametrize(
    ("role", "permissions"), [(Role.OWNER, OWNER), (Role.ADMIN, ADMIN), (Role.MEMBER, MEMBER), (Role.VIEWER, VIEWER)]
)
def test_each_role_has_its_permissions(role, permissions):
    assert role.permissions == permissions


def test_each_role_holds_all_of_the_next():
    for above, below in pairwise(Role):
        assert above.permissions >= below.permissions
        assert above.exceeds(below)
        assert not below.exceeds(above)
        assert not above.exceeds(above)


def test_roles_are_those_of_the_contract():
    assert [f"ROLE_{role}" for role in Role] == list(member_pb2.Role.keys())[1:]


def test_every_permission_that_a_method_needs_in_a_workspace_exists_and_no_other():
    services = [service for service, _ in (*app.SERVICERS, *app.STREAMED)]
    asked = {method.permission for service in services for method in methods(service) if method.in_workspace}
    assert asked == ALL
    assert asked >= OUTLIVE_DELETION
