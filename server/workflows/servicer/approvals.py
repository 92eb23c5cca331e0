"""userdata.workflows.v1.ApprovalService."""

from server.core import ids, paging, structs
from server.core.call import Call
from server.workflows.convert import approvals as convert
from server.workflows.queries.approvals import ApprovalRow
from server.workflows.service import approvals
from server.workflows.service.approvals import APPROVED, REJECTED
from userdata.workflows.v1 import approval_service_pb2 as pb
from userdata.workflows.v1.approval_pb2 import Approval


class ApprovalServicer:
    """Shows the decisions that executions wait for, and takes them."""

    def GetApproval(self, request: pb.GetApprovalRequest, call: Call) -> Approval:
        return convert.approval(approvals.get(call.workspace, ids.decode("apr", request.approval_id)))

    def ListApprovals(self, request: pb.ListApprovalsRequest, call: Call) -> pb.ListApprovalsResponse:
        rows, token = approvals.page_of(call.workspace, paging.page_of(request), wanted=request.filter)
        return pb.ListApprovalsResponse(approvals=map(convert.approval, rows), next_page_token=token)

    def Approve(self, request: pb.ApproveRequest, call: Call) -> Approval:
        return convert.approval(_decide(call, request, APPROVED))

    def Reject(self, request: pb.RejectRequest, call: Call) -> Approval:
        return convert.approval(_decide(call, request, REJECTED))


def _decide(call: Call, request: pb.ApproveRequest | pb.RejectRequest, state: str) -> ApprovalRow:
    approval_id = ids.decode("apr", request.approval_id)
    data = structs.to_dict(request.data)
    return approvals.decide(call, approval_id, state=state, data=data, comment=request.comment)
