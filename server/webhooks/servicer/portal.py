"""userdata.webhooks.v1.PortalService."""

from server.core import ids, paging
from server.core.call import Call
from server.webhooks.convert import portal as convert
from server.webhooks.service import portal
from userdata.webhooks.v1 import portal_service_pb2 as pb
from userdata.webhooks.v1.portal_pb2 import PortalSession


class PortalServicer:
    """Keeps portal links and their sessions."""

    def CreatePortalLink(self, request: pb.CreatePortalLinkRequest, call: Call) -> pb.CreatePortalLinkResponse:
        row, url, code = portal.create(call, list(request.permissions))
        return pb.CreatePortalLinkResponse(session=convert.portal_session(row), url=url, code=code)

    def ExchangePortalCode(self, request: pb.ExchangePortalCodeRequest, _call: Call) -> pb.ExchangePortalCodeResponse:
        row, token = portal.exchange(request.code)
        return pb.ExchangePortalCodeResponse(session=convert.portal_session(row), token=token)

    def ListPortalSessions(self, request: pb.ListPortalSessionsRequest, call: Call) -> pb.ListPortalSessionsResponse:
        rows, token = portal.page_of(call.workspace, paging.page_of(request))
        sessions = [convert.portal_session(row) for row in rows]
        return pb.ListPortalSessionsResponse(sessions=sessions, next_page_token=token)

    def RevokePortalSession(self, request: pb.RevokePortalSessionRequest, call: Call) -> PortalSession:
        return convert.portal_session(portal.revoke(call, ids.decode("wps", request.portal_session_id)))
