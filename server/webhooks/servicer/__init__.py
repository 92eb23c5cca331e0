"""The services of the contract, each method one call into the rules."""

from server.webhooks.servicer.deliveries import DeliveryServicer
from server.webhooks.servicer.endpoints import EndpointServicer
from server.webhooks.servicer.portal import PortalServicer
from server.webhooks.servicer.replays import ReplayServicer

__all__ = ["DeliveryServicer", "EndpointServicer", "PortalServicer", "ReplayServicer"]
