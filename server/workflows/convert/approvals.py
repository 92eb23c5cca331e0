"""Rows of approvals to messages."""

from typing import Final

from server.core import ids
from server.workflows.convert import jsons
from server.workflows.queries.approvals import ApprovalRow
from userdata.workflows.v1.approval_pb2 import Approval

#: What filters call a state, and what the database holds for it.
STATE_WORDS: Final = {
    f"APPROVAL_STATE_{word}": word for word in ("PENDING", "APPROVED", "REJECTED", "EXPIRED", "CANCELLED")
}


def approval(row: ApprovalRow) -> Approval:
    """An approval as the contract shows it."""
    return Approval(
        id=ids.encode("apr", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        workflow_id=ids.encode("wf", row.workflow_id),
        execution_id=ids.encode("exe", row.execution_id),
        path=row.path,
        title=row.title,
        description=row.description,
        form=jsons.struct_of(row.form),
        approvers=row.approvers,
        state=f"APPROVAL_STATE_{row.state}",
        data=jsons.struct_of(row.data),
        comment=row.comment,
        decider=row.decider,
        deadline=row.deadline,
        create_time=row.create_time,
        decide_time=row.decide_time,
    )
