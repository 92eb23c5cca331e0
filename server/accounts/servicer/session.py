"""userdata.accounts.v1.SessionService."""

from google.protobuf.empty_pb2 import Empty

from server.accounts import convert
from server.accounts.service import devices, login, refresh, sessions, signing
from server.core import ids, paging
from server.core.call import Call
from userdata.accounts.v1 import session_service_pb2 as pb


class SessionServicer:
    """Opens, refreshes and ends sessions."""

    def Login(self, request: pb.LoginRequest, _call: Call) -> pb.LoginResponse:
        answer = login.login(request.email, request.password)
        if isinstance(answer, login.Challenged):
            return pb.LoginResponse(challenge=answer.challenge, expire_time=answer.expire_time)
        return pb.LoginResponse(
            access_token=answer.tokens.access_token,
            refresh_token=answer.tokens.refresh_token,
            expire_time=answer.tokens.expire_time,
            user=convert.user(answer.user),
        )

    def CompleteLogin(self, request: pb.CompleteLoginRequest, _call: Call) -> pb.CompleteLoginResponse:
        answer = login.complete(request.challenge, request.code)
        return pb.CompleteLoginResponse(
            access_token=answer.tokens.access_token,
            refresh_token=answer.tokens.refresh_token,
            expire_time=answer.tokens.expire_time,
            user=convert.user(answer.user),
        )

    def RefreshSession(self, request: pb.RefreshSessionRequest, _call: Call) -> pb.RefreshSessionResponse:
        tokens = refresh.refresh(request.refresh_token)
        return pb.RefreshSessionResponse(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expire_time=tokens.expire_time,
        )

    def Logout(self, _request: pb.LogoutRequest, call: Call) -> pb.LogoutResponse:
        sessions.log_out(call.caller)
        return pb.LogoutResponse()

    def ListSessions(self, request: pb.ListSessionsRequest, call: Call) -> pb.ListSessionsResponse:
        user_id = call.caller.own_id
        rows, token = sessions.listed(user_id, paging.page_of(request, scope=str(user_id)))
        current = call.caller.session_id
        shown = [convert.session(row, device=devices.name(row.user_agent), current=current) for row in rows]
        return pb.ListSessionsResponse(sessions=shown, next_page_token=token)

    def RevokeSession(self, request: pb.RevokeSessionRequest, call: Call) -> Empty:
        sessions.end_one_of(call.caller.own_id, ids.decode("ses", request.session_id))
        return Empty()

    def RevokeOtherSessions(
        self, _request: pb.RevokeOtherSessionsRequest, call: Call
    ) -> pb.RevokeOtherSessionsResponse:
        count = sessions.end_all(call.caller.own_id, "BY_USER", keep=call.caller.session_id)
        return pb.RevokeOtherSessionsResponse(revoked_count=count)

    def GetJsonWebKeySet(self, _request: pb.GetJsonWebKeySetRequest, _call: Call) -> pb.GetJsonWebKeySetResponse:
        return pb.GetJsonWebKeySetResponse(keys=[convert.json_web_key(row) for row in signing.published()])
