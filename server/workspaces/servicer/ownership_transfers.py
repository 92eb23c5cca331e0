"""userdata.workspaces.v1.OwnershipTransferService."""

from server.core import ids, paging
from server.core.call import Call
from server.workspaces import convert
from server.workspaces.service import ownership_transfers as transfers
from userdata.workspaces.v1 import ownership_transfer_service_pb2 as pb
from userdata.workspaces.v1.ownership_transfer_pb2 import OwnershipTransfer


class OwnershipTransferServicer:
    """Offers, answers and cancels the transfer of a workspace."""

    def CreateOwnershipTransfer(self, request: pb.CreateOwnershipTransferRequest, call: Call) -> OwnershipTransfer:
        user_id = ids.decode("usr", request.ownership_transfer.user_id)
        return convert.ownership_transfer(transfers.create(call, user_id))

    def GetOwnershipTransfer(self, request: pb.GetOwnershipTransferRequest, call: Call) -> OwnershipTransfer:
        transfer_id = ids.decode("otr", request.ownership_transfer_id)
        return convert.ownership_transfer(transfers.get(call.workspace, transfer_id))

    def ListOwnershipTransfers(
        self, request: pb.ListOwnershipTransfersRequest, call: Call
    ) -> pb.ListOwnershipTransfersResponse:
        page = paging.page_of(request)
        rows, token = transfers.page_of(call.workspace, page, wanted=request.filter, order_by=request.order_by)
        return pb.ListOwnershipTransfersResponse(
            ownership_transfers=[convert.ownership_transfer(row) for row in rows], next_page_token=token
        )

    def AcceptOwnershipTransfer(self, request: pb.AcceptOwnershipTransferRequest, call: Call) -> OwnershipTransfer:
        transfer_id = ids.decode("otr", request.ownership_transfer_id)
        return convert.ownership_transfer(transfers.accept(call, transfer_id))

    def DeclineOwnershipTransfer(self, request: pb.DeclineOwnershipTransferRequest, call: Call) -> OwnershipTransfer:
        transfer_id = ids.decode("otr", request.ownership_transfer_id)
        return convert.ownership_transfer(transfers.decline(call, transfer_id))

    def CancelOwnershipTransfer(self, request: pb.CancelOwnershipTransferRequest, call: Call) -> OwnershipTransfer:
        transfer_id = ids.decode("otr", request.ownership_transfer_id)
        return convert.ownership_transfer(transfers.cancel(call, transfer_id))
