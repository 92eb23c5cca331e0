"""Traces: one from the API call through its jobs. On only when OTEL_EXPORTER_OTLP_ENDPOINT is set.

Without an exporter the client's `traceparent` (W3C Trace Context) is still handed on to events and jobs.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server.core import config

_TRACE_PARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_propagator = TraceContextTextMapPropagator()
_tracer: trace.Tracer | None = None


def configure(service: str) -> None:
    """Start exporting spans of this process as `service`, when an endpoint is set."""
    global _tracer
    endpoint = config.read(config.Core).otel_exporter_otlp_endpoint
    if not endpoint:
        return
    # Imported only when used: the exporter costs every process 20 MB and half a second of start.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    _tracer = provider.get_tracer("userdata")


def sane(trace_parent: str) -> str:
    """`trace_parent` when it is a valid traceparent, else nothing."""
    return trace_parent if _TRACE_PARENT.fullmatch(trace_parent) else ""


@contextmanager
def span(name: str, trace_parent: str, **attributes: str) -> Iterator[str]:
    """Run a block as a span below `trace_parent`; gives the traceparent that work below it carries on."""
    if _tracer is None:
        yield trace_parent
        return
    parent = _propagator.extract({"traceparent": trace_parent})
    kinds: dict[str, Any] = {"context": parent, "attributes": attributes, "kind": trace.SpanKind.SERVER}
    with _tracer.start_as_current_span(name, **kinds):
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        yield carrier.get("traceparent", trace_parent)


def annotate(**attributes: Any) -> None:
    """Say more about the current span; what is None is left out."""
    if _tracer is not None:
        trace.get_current_span().set_attributes({name: v for name, v in attributes.items() if v is not None})
