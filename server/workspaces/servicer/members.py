"""userdata.workspaces.v1.MemberService."""

from typing import Final

from google.protobuf.empty_pb2 import Empty

from server.core import ids, masks, paging
from server.core.call import Call
from server.workspaces import convert
from server.workspaces.service import members
from userdata.workspaces.v1 import member_service_pb2 as pb
from userdata.workspaces.v1.member_pb2 import Member

_CHANGEABLE: Final = frozenset({"role", "extra_permissions"})


class MemberServicer:
    """Lists, changes and removes members."""

    def ListMembers(self, request: pb.ListMembersRequest, call: Call) -> pb.ListMembersResponse:
        page = paging.page_of(request)
        rows, token = members.page_of(call.workspace, page, wanted=request.filter, order_by=request.order_by)
        return pb.ListMembersResponse(members=[convert.member(row) for row in rows], next_page_token=token)

    def GetMember(self, request: pb.GetMemberRequest, call: Call) -> Member:
        return convert.member(members.get(call.workspace, ids.decode("usr", request.user_id)))

    def UpdateMember(self, request: pb.UpdateMemberRequest, call: Call) -> Member:
        wanted = request.member
        paths = masks.paths(request.update_mask, wanted, allowed=_CHANGEABLE)
        row = members.update(
            call,
            ids.decode("usr", request.user_id),
            role=convert.role_of(wanted.role) if "role" in paths else None,
            extra_permissions=list(wanted.extra_permissions) if "extra_permissions" in paths else None,
            etag=wanted.etag,
        )
        return convert.member(row)

    def RemoveMember(self, request: pb.RemoveMemberRequest, call: Call) -> Empty:
        members.remove(call, ids.decode("usr", request.user_id), etag=request.etag)
        return Empty()

    def LeaveWorkspace(self, request: pb.LeaveWorkspaceRequest, call: Call) -> pb.LeaveWorkspaceResponse:
        members.leave(call)
        return pb.LeaveWorkspaceResponse()
