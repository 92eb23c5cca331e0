"""userdata.accounts.v1.AccountService."""

from server.accounts import convert
from server.accounts.service import deletion, password_reset, profile, registration, verification
from server.core.call import Call
from userdata.accounts.v1 import account_service_pb2 as pb
from userdata.accounts.v1 import user_pb2


class AccountServicer:
    """Registers people and keeps their own account."""

    def Register(self, request: pb.RegisterRequest, _call: Call) -> pb.RegisterResponse:
        registration.register(request.email, request.password, request.display_name)
        return pb.RegisterResponse()

    def VerifyEmail(self, request: pb.VerifyEmailRequest, _call: Call) -> pb.VerifyEmailResponse:
        return pb.VerifyEmailResponse(user=convert.user(verification.verify(request.token)))

    def ResendVerification(self, request: pb.ResendVerificationRequest, _call: Call) -> pb.ResendVerificationResponse:
        registration.resend(request.email)
        return pb.ResendVerificationResponse()

    def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, _call: Call
    ) -> pb.RequestPasswordResetResponse:
        password_reset.request(request.email)
        return pb.RequestPasswordResetResponse()

    def ResetPassword(self, request: pb.ResetPasswordRequest, _call: Call) -> pb.ResetPasswordResponse:
        password_reset.reset(request.token, request.new_password)
        return pb.ResetPasswordResponse()

    def GetMe(self, _request: pb.GetMeRequest, call: Call) -> user_pb2.User:
        return convert.user(profile.mine(call.caller.own_id))

    def UpdateMe(self, request: pb.UpdateMeRequest, call: Call) -> user_pb2.User:
        return convert.user(profile.update(call.caller.own_id, request))

    def DeleteMe(self, request: pb.DeleteMeRequest, call: Call) -> user_pb2.User:
        return convert.user(deletion.delete(call.caller.own_id, request.etag))

    def ChangePassword(self, request: pb.ChangePasswordRequest, call: Call) -> pb.ChangePasswordResponse:
        password_reset.change(call.caller.own_id, call.caller.session_id, request.new_password)
        return pb.ChangePasswordResponse()
