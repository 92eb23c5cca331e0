"""What workflows of tests talk to: a server on loopback that plays the services of others and keeps what came."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request: `path` begins with the service, such as `/shops/berlin`."""

    method: str
    path: str
    body: Any
    headers: Mapping[str, str]


#: Gives the status and the JSON of an answer.
Answer = Callable[[Asked], tuple[int, Any]]


@dataclass
class Outside:
    """The services. `asked` are all requests, in the order in which they came."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def paths(self, method: str) -> list[str]:
        """Where requests of a method went."""
        return [each.path for each in self.asked if each.method == method]


@contextmanager
def outside(answer: Answer) -> Iterator[Outside]:
    """The services, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, json.loads(text) if text else None, headers)
            services.asked.append(asked)
            status, body = answer(asked)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_arguments: Any) -> None:
            """Nothing: the tests look at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    services = Outside(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield services
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
