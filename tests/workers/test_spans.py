"""Attempts are spans, and receivers get the trace to go on with."""

import asyncio
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from server.core.telemetry import traces
from server.webhooks.sending.types import Outcome, Outgoing, Target
from tests.webhooks.flow import outcome
from tests.webhooks.sending.receivers import event, target
from workers.delivering import spans

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PUBLISHED = event(trace_parent=f"00-{TRACE}-{PARENT}-01")


class Receiver:
    """Remembers what it was sent, and answers."""

    def __init__(self, answer: Outcome) -> None:
        self.answer = answer
        self.sent: list[Outgoing] = []

    async def send(self, target: Target, event: Outgoing) -> Outcome:
        self.sent.append(event)
        return self.answer


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What this process exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "_tracer", provider.get_tracer("tests"))
    return exporter


def test_an_attempt_is_a_span_below_what_published_the_event(exported):
    receiver = Receiver(outcome(503, dns_ms=None, connect_ms=0.25, first_byte_ms=2.5))
    assert asyncio.run(spans.send(receiver, target("https://a.example"), PUBLISHED)) is receiver.answer
    (span,) = exported.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (
        "webhook attempt",
        TRACE,
        PARENT,
    )
    assert dict(span.attributes) == {
        "event": "invoice.paid",
        "status": 503,
        "error": "HTTP_STATUS",
        "connect_ms": 0.25,
        "first_byte_ms": 2.5,
    }
    (sent,) = receiver.sent
    assert sent == replace(PUBLISHED, trace_parent=f"00-{TRACE}-{span.context.span_id:016x}-01")


def test_without_an_exporter_receivers_get_the_publishers_trace():
    receiver = Receiver(outcome())
    asyncio.run(spans.send(receiver, target("https://a.example"), PUBLISHED))
    assert receiver.sent == [PUBLISHED]
