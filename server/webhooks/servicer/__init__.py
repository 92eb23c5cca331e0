"""The services of the contract, each method one call into the rules."""

from server.webhooks.servicer.endpoints import EndpointServicer

__all__ = ["EndpointServicer"]
