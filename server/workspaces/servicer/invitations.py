"""userdata.workspaces.v1.InvitationService."""

from server.core import ids, paging
from server.core.call import Call
from server.workspaces import convert
from server.workspaces.service import answers, invitations
from userdata.workspaces.v1 import invitation_service_pb2 as pb
from userdata.workspaces.v1.invitation_pb2 import Invitation, InvitationPreview
from userdata.workspaces.v1.member_pb2 import Member


class InvitationServicer:
    """Sends, revokes and answers invitations."""

    def CreateInvitation(self, request: pb.CreateInvitationRequest, call: Call) -> Invitation:
        wanted = request.invitation
        row = invitations.create(
            call,
            email=wanted.email,
            role=convert.role_of(wanted.role),
            expire_time=convert.moment(wanted.expire_time) if wanted.HasField("expire_time") else None,
        )
        return convert.invitation(row)

    def GetInvitation(self, request: pb.GetInvitationRequest, call: Call) -> Invitation:
        return convert.invitation(invitations.get(call.workspace, ids.decode("inv", request.invitation_id)))

    def ListInvitations(self, request: pb.ListInvitationsRequest, call: Call) -> pb.ListInvitationsResponse:
        page = paging.page_of(request)
        rows, token = invitations.page_of(call.workspace, page, wanted=request.filter, order_by=request.order_by)
        return pb.ListInvitationsResponse(invitations=[convert.invitation(row) for row in rows], next_page_token=token)

    def ResendInvitation(self, request: pb.ResendInvitationRequest, call: Call) -> Invitation:
        return convert.invitation(invitations.resend(call, ids.decode("inv", request.invitation_id)))

    def RevokeInvitation(self, request: pb.RevokeInvitationRequest, call: Call) -> Invitation:
        invitation_id = ids.decode("inv", request.invitation_id)
        return convert.invitation(invitations.revoke(call, invitation_id, etag=request.etag))

    def PreviewInvitation(self, request: pb.PreviewInvitationRequest, call: Call) -> InvitationPreview:
        row, workspace, inviter_name = answers.preview(request.token)
        return convert.invitation_preview(row, workspace, inviter_name=inviter_name)

    def AcceptInvitation(self, request: pb.AcceptInvitationRequest, call: Call) -> Member:
        return convert.member(answers.accept(call, request.token))

    def DeclineInvitation(self, request: pb.DeclineInvitationRequest, call: Call) -> pb.DeclineInvitationResponse:
        answers.decline(request.token)
        return pb.DeclineInvitationResponse()
