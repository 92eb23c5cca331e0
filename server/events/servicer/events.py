"""userdata.events.v1.EventService."""

from server.core import ids, paging
from server.core.call import Call
from server.events.service import publishing, reading
from userdata.events.v1 import event_service_pb2 as pb
from userdata.events.v1.event_pb2 import Event


class EventServicer:
    """Publishes events and reads the log of a workspace."""

    def PublishEvent(self, request: pb.PublishEventRequest, call: Call) -> Event:
        return publishing.publish(call.workspace, request.event)

    def BatchPublishEvents(self, request: pb.BatchPublishEventsRequest, call: Call) -> pb.BatchPublishEventsResponse:
        return pb.BatchPublishEventsResponse(events=publishing.publish_all(call.workspace, request.events))

    def GetEvent(self, request: pb.GetEventRequest, call: Call) -> Event:
        return reading.get(call.workspace, ids.decode("evt", request.event_id))

    def ListEvents(self, request: pb.ListEventsRequest, call: Call) -> pb.ListEventsResponse:
        page = paging.page_of(request)
        events, token = reading.page_of(call.workspace, page, wanted=request.filter)
        return pb.ListEventsResponse(events=events, next_page_token=token)
