"""userdata.accounts.v1.UserAdminService."""

from server.accounts import convert
from server.accounts.service import administration, deletion
from server.core import ids, paging
from server.core.call import Call
from userdata.accounts.v1 import user_admin_service_pb2 as pb
from userdata.accounts.v1 import user_pb2


class UserAdminServicer:
    """Lists, locks and deletes accounts, for administrators of the installation."""

    def ListUsers(self, request: pb.ListUsersRequest, _call: Call) -> pb.ListUsersResponse:
        rows, token = administration.listed(
            paging.page_of(request),
            filter_text=request.filter,
            order_by=request.order_by,
            show_deleted=request.show_deleted,
        )
        return pb.ListUsersResponse(users=[convert.user(row) for row in rows], next_page_token=token)

    def GetUser(self, request: pb.GetUserRequest, _call: Call) -> user_pb2.User:
        return convert.user(administration.found(ids.decode("usr", request.user_id)))

    def LockUser(self, request: pb.LockUserRequest, call: Call) -> user_pb2.User:
        user_id = ids.decode("usr", request.user_id)
        return convert.user(administration.lock(call.caller.own_id, user_id, request.etag))

    def UnlockUser(self, request: pb.UnlockUserRequest, _call: Call) -> user_pb2.User:
        return convert.user(administration.unlock(ids.decode("usr", request.user_id), request.etag))

    def DeleteUser(self, request: pb.DeleteUserRequest, call: Call) -> user_pb2.User:
        user_id = ids.decode("usr", request.user_id)
        return convert.user(administration.delete(call.caller.own_id, user_id, request.etag))

    def UndeleteUser(self, request: pb.UndeleteUserRequest, _call: Call) -> user_pb2.User:
        return convert.user(deletion.undelete(ids.decode("usr", request.user_id), request.etag))
