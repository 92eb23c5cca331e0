"""userdata.accounts.v1.TotpService."""

from server.accounts.service import totp
from server.core.call import Call
from userdata.accounts.v1 import totp_pb2
from userdata.accounts.v1 import totp_service_pb2 as pb


class TotpServicer:
    """Keeps the caller's two-step login."""

    def GetTotp(self, _request: pb.GetTotpRequest, call: Call) -> totp_pb2.Totp:
        state = totp.state(call.caller.own_id)
        return totp_pb2.Totp(
            enabled=state.enable_time is not None,
            enable_time=state.enable_time,
            recovery_codes_left=state.recovery_codes_left,
        )

    def EnrolTotp(self, _request: pb.EnrolTotpRequest, call: Call) -> pb.EnrolTotpResponse:
        enrolment = totp.enrol(call.caller.own_id)
        return pb.EnrolTotpResponse(
            secret=enrolment.secret, otpauth_uri=enrolment.otpauth_uri, expire_time=enrolment.expire_time
        )

    def ConfirmTotp(self, request: pb.ConfirmTotpRequest, call: Call) -> pb.ConfirmTotpResponse:
        return pb.ConfirmTotpResponse(recovery_codes=totp.confirm(call.caller.own_id, request.code))

    def DisableTotp(self, request: pb.DisableTotpRequest, call: Call) -> pb.DisableTotpResponse:
        totp.disable(call.caller.own_id, request.code)
        return pb.DisableTotpResponse()

    def RegenerateRecoveryCodes(
        self, _request: pb.RegenerateRecoveryCodesRequest, call: Call
    ) -> pb.RegenerateRecoveryCodesResponse:
        return pb.RegenerateRecoveryCodesResponse(recovery_codes=totp.regenerate(call.caller.own_id))
