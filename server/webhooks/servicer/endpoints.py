"""userdata.webhooks.v1.EndpointService."""

from google.protobuf.empty_pb2 import Empty

from server.core import ids, masks, paging
from server.core.call import Call
from server.webhooks.convert import endpoints as convert
from server.webhooks.convert.times import moment
from server.webhooks.service import endpoints, secrets, states, stats, testing, verifying, wanted
from userdata.webhooks.v1 import endpoint_service_pb2 as pb
from userdata.webhooks.v1.endpoint_pb2 import Endpoint


class EndpointServicer:
    """Keeps the endpoints of a workspace."""

    def CreateEndpoint(self, request: pb.CreateEndpointRequest, call: Call) -> Endpoint:
        row, lane = endpoints.create(call, request.endpoint, validate_only=request.validate_only)
        return convert.endpoint_preview(row, lane) if request.validate_only else convert.endpoint(row, lane)

    def GetEndpoint(self, request: pb.GetEndpointRequest, call: Call) -> Endpoint:
        return convert.endpoint(*endpoints.get(call.workspace, ids.decode("whe", request.endpoint_id)))

    def ListEndpoints(self, request: pb.ListEndpointsRequest, call: Call) -> pb.ListEndpointsResponse:
        rows, token = endpoints.page_of(call.workspace, paging.page_of(request), text=request.filter)
        return pb.ListEndpointsResponse(endpoints=[convert.endpoint(*row) for row in rows], next_page_token=token)

    def UpdateEndpoint(self, request: pb.UpdateEndpointRequest, call: Call) -> Endpoint:
        paths = masks.paths(request.update_mask, request.endpoint, allowed=wanted.CHANGEABLE)
        endpoint_id = ids.decode("whe", request.endpoint_id)
        return convert.endpoint(*endpoints.update(call, endpoint_id, request.endpoint, paths))

    def DeleteEndpoint(self, request: pb.DeleteEndpointRequest, call: Call) -> Empty:
        endpoints.delete(call, ids.decode("whe", request.endpoint_id), etag=request.etag)
        return Empty()

    def PauseEndpoint(self, request: pb.PauseEndpointRequest, call: Call) -> Endpoint:
        return convert.endpoint(*states.pause(call, ids.decode("whe", request.endpoint_id), etag=request.etag))

    def ResumeEndpoint(self, request: pb.ResumeEndpointRequest, call: Call) -> Endpoint:
        return convert.endpoint(*states.resume(call, ids.decode("whe", request.endpoint_id), etag=request.etag))

    def RotateEndpointSecret(self, request: pb.RotateEndpointSecretRequest, call: Call) -> pb.EndpointSecret:
        endpoint, _ = endpoints.hold(call, ids.decode("whe", request.endpoint_id))
        overlap = request.overlap.ToTimedelta() if request.HasField("overlap") else None
        row = secrets.rotate(endpoint, request.secret, overlap=overlap)
        secret, public_key = secrets.shown(endpoint, row)
        return convert.endpoint_secret(row, secret=secret, public_key=public_key)

    def GetEndpointSecret(self, request: pb.GetEndpointSecretRequest, call: Call) -> pb.GetEndpointSecretResponse:
        endpoint, _ = endpoints.get(call.workspace, ids.decode("whe", request.endpoint_id))
        found = [(row, *secrets.shown(endpoint, row)) for row in secrets.valid(endpoint)]
        shown = [convert.endpoint_secret(row, secret=secret, public_key=key) for row, secret, key in found]
        return pb.GetEndpointSecretResponse(secrets=shown)

    def SendTestEvent(self, request: pb.SendTestEventRequest, call: Call) -> pb.SendTestEventResponse:
        event_id = testing.send(call, ids.decode("whe", request.endpoint_id), event_type=request.type)
        return pb.SendTestEventResponse(event_id=ids.encode("evt", event_id))

    def GetEndpointStats(self, request: pb.GetEndpointStatsRequest, call: Call) -> pb.EndpointStats:
        start = moment(request.start_time) if request.HasField("start_time") else None
        end = moment(request.end_time) if request.HasField("end_time") else None
        rows = stats.by_hour(call.workspace, ids.decode("whe", request.endpoint_id), start=start, end=end)
        return convert.endpoint_stats(rows)

    def VerifyEndpoint(self, request: pb.VerifyEndpointRequest, call: Call) -> Endpoint:
        row, lane = verifying.begin(call, ids.decode("whe", request.endpoint_id))
        call.afterwards = lambda _: convert.endpoint(*verifying.verify(call, row))
        return convert.endpoint(row, lane)
