"""Traces reach a collector: spans of a process, below the client's own, over OTLP."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.wait import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
PROCESS = """
from server.core.telemetry import traces
traces.configure("tests")
with traces.span("a/Method", %r, kind="test") as below:
    print(below)
"""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """The URL of a collector, and what it has got."""
    got: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()


def run(**settings: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS % PARENT],
        env={**os.environ, "PYTHONPATH": ".:gen", **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_span_is_exported_below_the_callers(collector):
    url, got = collector
    below = run(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    until(lambda: got, saying="spans at the collector")
    (span,) = got[0].resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("a/Method", TRACE, "b7ad6b7169203331")
    assert below == f"00-{TRACE}-{span.span_id.hex()}-01"


def test_without_a_collector_the_callers_trace_is_handed_on():
    assert run(OTEL_EXPORTER_OTLP_ENDPOINT="") == PARENT
