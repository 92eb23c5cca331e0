"""userdata.webhooks.v1.SourceService."""

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty

from server.core import ids, masks, paging
from server.core.call import Call
from server.webhooks.convert import sources as convert
from server.webhooks.service import source_receiving, sources
from userdata.webhooks.v1 import source_service_pb2 as pb
from userdata.webhooks.v1.source_pb2 import Receipt, Source


class SourceServicer:
    """Keeps the sources of a workspace, and takes what is sent to them."""

    def CreateSource(self, request: pb.CreateSourceRequest, call: Call) -> Source:
        row, url = sources.create(call, request.source)
        return convert.source(row, url=url)

    def GetSource(self, request: pb.GetSourceRequest, call: Call) -> Source:
        return convert.source(sources.get(call.workspace, ids.decode("src", request.source_id)))

    def ListSources(self, request: pb.ListSourcesRequest, call: Call) -> pb.ListSourcesResponse:
        rows, token = sources.page_of(call.workspace, paging.page_of(request))
        return pb.ListSourcesResponse(sources=map(convert.source, rows), next_page_token=token)

    def UpdateSource(self, request: pb.UpdateSourceRequest, call: Call) -> Source:
        paths = masks.paths(request.update_mask, request.source, allowed=sources.CHANGEABLE)
        source_id = ids.decode("src", request.source_id)
        return convert.source(sources.update(call, source_id, request.source, paths))

    def DeleteSource(self, request: pb.DeleteSourceRequest, call: Call) -> Empty:
        sources.delete(call, ids.decode("src", request.source_id), etag=request.etag)
        return Empty()

    def PauseSource(self, request: pb.PauseSourceRequest, call: Call) -> Source:
        return convert.source(sources.pause(call, ids.decode("src", request.source_id), etag=request.etag))

    def ResumeSource(self, request: pb.ResumeSourceRequest, call: Call) -> Source:
        return convert.source(sources.resume(call, ids.decode("src", request.source_id), etag=request.etag))

    def RotateSourceUrl(self, request: pb.RotateSourceUrlRequest, call: Call) -> Source:
        row, url = sources.rotate_url(call, ids.decode("src", request.source_id), etag=request.etag)
        return convert.source(row, url=url)

    def ListReceipts(self, request: pb.ListReceiptsRequest, call: Call) -> pb.ListReceiptsResponse:
        source_id = ids.decode("src", request.source_id)
        rows, token = sources.receipts(call.workspace, source_id, paging.page_of(request))
        return pb.ListReceiptsResponse(receipts=map(convert.receipt, rows), next_page_token=token)

    def GetReceipt(self, request: pb.GetReceiptRequest, call: Call) -> Receipt:
        source_id, receipt_id = ids.decode("src", request.source_id), ids.decode("rcp", request.receipt_id)
        return convert.receipt(sources.receipt(call.workspace, source_id, receipt_id))

    def ReceiveWebhook(self, request: pb.ReceiveWebhookRequest, call: Call) -> HttpBody:
        answer = source_receiving.receive(call, request.token, request.body.content_type, request.body.data)
        return HttpBody(content_type=answer.content_type, data=answer.body)
