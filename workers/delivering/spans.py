"""Each attempt is a span of the trace in which its event was published, and the receiver may add its own below."""

from dataclasses import replace
from typing import Protocol

from server.core.telemetry import traces
from server.webhooks.sending.types import Outcome, Outgoing, Target


class Sends(Protocol):
    """What sends: server.webhooks.sending's Sender."""

    async def send(self, target: Target, event: Outgoing) -> Outcome:
        """One attempt; never raises for what a receiver does."""


async def send(sender: Sends, target: Target, event: Outgoing) -> Outcome:
    """One attempt by `sender`, as a span."""
    with traces.span("webhook attempt", event.trace_parent, event=event.type) as trace_parent:
        if trace_parent != event.trace_parent:
            event = replace(event, trace_parent=trace_parent)
        outcome = await sender.send(target, event)
        traces.annotate(
            status=outcome.status,
            error=outcome.error,
            dns_ms=outcome.dns_ms,
            connect_ms=outcome.connect_ms,
            tls_ms=outcome.tls_ms,
            first_byte_ms=outcome.first_byte_ms,
        )
        return outcome
