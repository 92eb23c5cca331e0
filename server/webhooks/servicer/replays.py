"""userdata.webhooks.v1.ReplayService."""

from server.core import clock, ids, paging
from server.core.call import Call
from server.webhooks.convert import replays as convert
from server.webhooks.convert.times import moment
from server.webhooks.service import replays
from userdata.webhooks.v1 import replay_service_pb2 as pb
from userdata.webhooks.v1.replay_pb2 import Replay


class ReplayServicer:
    """Sends past events once more."""

    def CreateReplay(self, request: pb.CreateReplayRequest, call: Call) -> Replay:
        wanted = request.replay
        endpoint = wanted.selection.endpoint_id
        row = replays.create(
            call,
            convert.selection_of(wanted.selection, now=clock.now()),
            endpoint_id=ids.decode("whe", endpoint) if endpoint else None,
            configuration=convert.configuration_of(wanted.configuration),
            rate_limit=wanted.rate_limit,
            validate_only=request.validate_only,
        )
        return convert.replay_preview(row) if request.validate_only else convert.replay(row)

    def GetReplay(self, request: pb.GetReplayRequest, call: Call) -> Replay:
        return convert.replay(replays.get(call.workspace, ids.decode("whr", request.replay_id)))

    def ListReplays(self, request: pb.ListReplaysRequest, call: Call) -> pb.ListReplaysResponse:
        rows, token = replays.page_of(call.workspace, paging.page_of(request))
        return pb.ListReplaysResponse(replays=[convert.replay(row) for row in rows], next_page_token=token)

    def CancelReplay(self, request: pb.CancelReplayRequest, call: Call) -> Replay:
        return convert.replay(replays.cancel(call.workspace, ids.decode("whr", request.replay_id)))

    def RecoverEndpoint(self, request: pb.RecoverEndpointRequest, call: Call) -> Replay:
        row = replays.recover(
            call,
            ids.decode("whe", request.endpoint_id),
            start_time=moment(request.start_time),
            rate_limit=request.rate_limit,
        )
        return convert.replay(row)
