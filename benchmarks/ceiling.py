"""How much load the generator can make: against an Envoy that answers by itself, without any server behind it.

A figure near this ceiling would say more about the generator than about the server that was measured.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from benchmarks.load import GRPC, HTTP, Load
from benchmarks.loopback import call, free_port
from benchmarks.wire import grpc_request, http_request
from udb.supervisor.spec import guarded

ENVOY = Path(sys.executable).parent / "envoy"
START_SECONDS = 20.0
BODY = json.dumps({"id": "ws_" + "0" * 26, "name": "Benchmark workspace", "padding": "." * 300})
GRPC_UNKNOWN = 2
"""What Envoy makes of a direct answer to a gRPC call: it has no message to give."""


def loads(port: int) -> dict[str, Load]:
    """The loads that find the ceiling of each protocol."""
    call_ = grpc_request(
        path="/bench.Nothing/Get", authority="127.0.0.1", message=b"." * 36, metadata={"authorization": "." * 400}
    )
    address = [("127.0.0.1", port)]
    return {
        HTTP: Load(protocol=HTTP, addresses=address, requests=[http_request("GET", "/", token="." * 400)]),
        GRPC: Load(protocol=GRPC, addresses=address, requests=[call_], expected=GRPC_UNKNOWN),
    }


@contextmanager
def direct_envoy() -> Iterator[int]:
    """Runs the Envoy while the block lasts. Gives its port."""
    port = free_port()
    command = (
        str(ENVOY),
        "--config-yaml",
        json.dumps(config(port)),
        "--concurrency",
        "1",
        "--log-level",
        "error",
        "--use-dynamic-base-id",
    )
    with subprocess.Popen(guarded(command), stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while call("GET", port, "/")[0] != HTTPStatus.OK:
                if time.monotonic() > deadline or process.poll() is not None:
                    message = f"{ENVOY} did not start: run it by hand to see why."
                    raise RuntimeError(message)
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def config(port: int) -> dict[str, Any]:
    """Envoy's configuration: one listener, one answer."""
    prefix = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{prefix}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ceiling",
        "codec_type": "AUTO",
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{prefix}.http.router.v3.Router"}},
        ],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "direct_response": {"status": 200, "body": {"inline_string": BODY}},
                        }
                    ],
                }
            ]
        },
    }
    listener = {
        "name": "ceiling",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener]}}
