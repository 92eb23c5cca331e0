"""userdata.events.v1.EventStreamService: the part of each method that asks the database."""

from server.core import paging
from server.core.call import Call
from server.events.service import cursors, following
from server.events.service.following import Filter
from userdata.events.v1 import event_stream_service_pb2 as pb


class EventStreamServicer:
    """Follows the events of a workspace. Waiting, and going on with a stream, is for the streams process to do."""

    def PollEvents(self, request: pb.PollEventsRequest, call: Call) -> pb.PollEventsResponse:
        place = following.begin(call.workspace, request.cursor)
        limit = min(request.page_size or paging.DEFAULT_SIZE, paging.MAXIMUM_SIZE)
        wanted = Filter(tuple(request.types), request.subject)
        found = following.stretch(call.workspace, place, limit=limit, wanted=wanted)
        events = [entry.event for entry in found.entries]
        return pb.PollEventsResponse(events=events, next_cursor=cursors.mint(call.workspace, found.place))

    def WatchEvents(self, request: pb.WatchEventsRequest, call: Call) -> pb.WatchEventsResponse:
        place = following.begin(call.workspace, request.cursor)
        return pb.WatchEventsResponse(cursor=cursors.mint(call.workspace, place))
