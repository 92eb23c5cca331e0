"""Approvals: showing them, and taking the decision that an execution waits for."""

from typing import Any, Final
from uuid import UUID

from server.core import clock, events, filters, ids, structs
from server.core.call import Call
from server.core.errors import FieldViolation, NotFound
from server.core.filters import FilterInvalid
from server.core.paging import Page
from server.events import schemas
from server.workflows.convert import approvals as convert
from server.workflows.errors import ApprovalDataInvalid, ApprovalDecided, ApproverRequired
from server.workflows.queries import approvals as queries
from server.workflows.queries import poking as open_executions
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.service import executions, poking
from server.workspaces.queries import members
from server.workspaces.roles import Role
from userdata.workflows.v1.approval_events_pb2 import WorkflowApprovalDecided

APPROVED: Final = "APPROVED"
REJECTED: Final = "REJECTED"
_PENDING: Final = "PENDING"
_EXPIRED: Final = "EXPIRED"
_ROLES: Final = frozenset(role.value for role in Role)


def get(workspace_id: UUID, approval_id: UUID) -> ApprovalRow:
    """An approval. Raises NotFound."""
    row = queries.get(workspace_id, approval_id)
    if row is None:
        raise NotFound
    return row


def page_of(workspace_id: UUID, page: Page, *, wanted: str) -> tuple[list[ApprovalRow], str]:
    """A page of approvals, the newest first, and the token of the next one. Raises FilterInvalid."""
    states: frozenset[str] | None = None
    execution_id: UUID | None = None
    for part in filters.parse(wanted, fields=["state", "execution_id"]):
        if part.negated:
            raise FilterInvalid("The filter takes {field} with = only.", field=part.field)
        if part.field == "execution_id":
            named = executions.identified("exe", part.value, field=part.field)
            states, execution_id = (states if execution_id in (None, named) else frozenset()), named
        else:
            states = _states(part.value) & (_states(part.value) if states is None else states)
    after = UUID(page.after[0]) if page.after else None
    rows = queries.page(workspace_id, states=states, execution_id=execution_id, after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.id)])


def _states(value: str) -> frozenset[str]:
    if value not in convert.STATE_WORDS:
        raise FilterInvalid(f"There is no state {{value}}. Use {', '.join(convert.STATE_WORDS)}.", value=value)
    return frozenset({convert.STATE_WORDS[value]})


def decide(caller: Call, approval_id: UUID, *, state: str, data: dict[str, Any], comment: str) -> ApprovalRow:
    """The approval, APPROVED or REJECTED, and the step that asks goes on.

    Of two decisions the first counts. Raises NotFound, ApproverRequired, ApprovalDecided, ApprovalDataInvalid.
    """
    workspace_id = caller.workspace
    asked = get(workspace_id, approval_id)
    if not _may_decide(caller, asked.approvers):
        raise ApproverRequired
    # Whoever ends the wait holds the execution first.
    is_open = open_executions.hold(workspace_id, asked.execution_id) is not None
    row = queries.lock(workspace_id, approval_id) or asked
    now = clock.now()
    if row.state != _PENDING:
        raise ApprovalDecided(state=row.state)
    if row.deadline is not None and row.deadline <= now:
        raise ApprovalDecided("The time for this decision is over.", state=_EXPIRED)
    if state == APPROVED:
        _check(row.form, data)
    decider = caller.actor
    answer = {"state": state, "data": data, "comment": comment, "decider": decider}
    if not (is_open and poking.resolve_held([(row.execution_id, row.path, answer)])):
        raise ApprovalDecided("The execution does not wait for this decision any more.", state="CANCELLED")
    queries.decide(workspace_id, approval_id, state=state, data=data, comment=comment, decider=decider, now=now)
    row = row._replace(state=state, data=data, comment=comment, decider=decider, decide_time=now)
    events.publish(
        "workflow.approval.decided",
        WorkflowApprovalDecided(approval=convert.approval(row)),
        subject=ids.encode("apr", row.id),
        workspace=workspace_id,
    )
    return row


def _may_decide(caller: Call, approvers: list[str]) -> bool:
    """Whether the caller is among the approvers: by id, or by a role that the caller has or exceeds."""
    if not approvers:
        return True
    principal = caller.caller
    user_id = principal.user_id
    if principal.name in approvers or (user_id is not None and ids.encode("usr", user_id) in approvers):
        return True
    roles = [Role(name) for name in _ROLES.intersection(approvers)]
    membership = members.membership(caller.workspace, user_id) if roles and user_id is not None else None
    if membership is None:
        return False
    held = Role(membership.role)
    return any(held == role or held.exceeds(role) for role in roles)


def _check(form: dict[str, Any], data: dict[str, Any]) -> None:
    # A form that is no schema is the definition's fault; those who decide could do nothing about it.
    if not form or schemas.faults(form, at=""):
        return
    validator = schemas.compiled(structs.dumps(form))
    if not validator.takes(data):
        violations: list[FieldViolation] = validator.violations(data, at="data")
        raise ApprovalDataInvalid(violations=violations)
