"""The services of the contract, each method one call into the rules."""

from server.webhooks.servicer.deliveries import DeliveryServicer
from server.webhooks.servicer.endpoints import EndpointServicer
from server.webhooks.servicer.portal import PortalServicer
from server.webhooks.servicer.replays import ReplayServicer
from server.webhooks.servicer.sources import SourceServicer

__all__ = ["DeliveryServicer", "EndpointServicer", "PortalServicer", "ReplayServicer", "SourceServicer"]
