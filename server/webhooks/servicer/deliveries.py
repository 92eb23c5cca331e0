"""userdata.webhooks.v1.DeliveryService."""

from uuid import UUID

from server.core import ids, paging
from server.core.call import Call
from server.webhooks.convert import deliveries as convert
from server.webhooks.service import deliveries, explaining
from userdata.webhooks.v1 import delivery_service_pb2 as pb
from userdata.webhooks.v1.delivery_pb2 import Delivery
from userdata.webhooks.v1.explanation_pb2 import ExplainEventResponse


class DeliveryServicer:
    """Looks after the deliveries of a workspace's events to its endpoints."""

    def GetDelivery(self, request: pb.GetDeliveryRequest, call: Call) -> Delivery:
        return convert.delivery(deliveries.get(call.workspace, *_pair(request)))

    def ListEndpointDeliveries(
        self, request: pb.ListEndpointDeliveriesRequest, call: Call
    ) -> pb.ListEndpointDeliveriesResponse:
        endpoint_id = ids.decode("whe", request.endpoint_id)
        page = paging.page_of(request)
        rows, token = deliveries.page_of_endpoint(call.workspace, endpoint_id, page, wanted=request.filter)
        found = [convert.delivery(row) for row in rows]
        return pb.ListEndpointDeliveriesResponse(deliveries=found, next_page_token=token)

    def ListEventDeliveries(self, request: pb.ListEventDeliveriesRequest, call: Call) -> pb.ListEventDeliveriesResponse:
        event_id = ids.decode("evt", request.event_id)
        rows, token = deliveries.page_of_event(call.workspace, event_id, paging.page_of(request))
        found = [convert.delivery(row) for row in rows]
        return pb.ListEventDeliveriesResponse(deliveries=found, next_page_token=token)

    def ListAttempts(self, request: pb.ListAttemptsRequest, call: Call) -> pb.ListAttemptsResponse:
        page = paging.page_of(request)
        rows, token = deliveries.page_of_attempts(call.workspace, *_pair(request), page)
        return pb.ListAttemptsResponse(attempts=[convert.attempt(row) for row in rows], next_page_token=token)

    def RetryDelivery(self, request: pb.RetryDeliveryRequest, call: Call) -> Delivery:
        return convert.delivery(deliveries.retry(call.workspace, *_pair(request)))

    def CancelDelivery(self, request: pb.CancelDeliveryRequest, call: Call) -> Delivery:
        return convert.delivery(deliveries.cancel(call.workspace, *_pair(request)))

    def ExplainEvent(self, request: pb.ExplainEventRequest, call: Call) -> ExplainEventResponse:
        feed_time, found = explaining.explain(call.workspace, ids.decode("evt", request.event_id))
        explanations = [convert.explanation(each) for each in found]
        return ExplainEventResponse(feed_time=feed_time, explanations=explanations)


_Named = pb.GetDeliveryRequest | pb.ListAttemptsRequest | pb.RetryDeliveryRequest | pb.CancelDeliveryRequest


def _pair(request: _Named) -> tuple[UUID, UUID]:
    return ids.decode("whe", request.endpoint_id), ids.decode("evt", request.event_id)
