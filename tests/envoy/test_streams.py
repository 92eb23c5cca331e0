"""Streams pass the edge as they come: server-sent events without delay, WebSockets, and calls that wait."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection

from tests.envoy.conftest import LIMITS
from tests.envoy.harness import HOST, Edge


@contextmanager
def stream(edge: Edge, path: str, **headers: str) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection(HOST, edge.port, timeout=10)) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        yield connection


def test_server_sent_events_come_before_the_stream_ends(edge: Edge):
    with stream(edge, "/v1/things:watch?filter=a", last_event_id="41", accept_encoding="gzip, br") as connection:
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        blocks = [answer.readline() + answer.readline() + answer.readline() for _ in range(3)]
        assert blocks == [f"id: {n}\ndata: 41 /v1/things:watch?filter=a\n\n".encode() for n in range(3)]


def test_only_get_watches(edge: Edge):
    assert edge.ask("POST", "/v1/things:watch").status == 405


def upgraded(edge: Edge, path: str) -> tuple[socket.socket, bytes]:
    """A connection that asked for a WebSocket, and the first line of the answer."""
    made = socket.create_connection((HOST, edge.port), timeout=10)
    made.sendall(
        f"GET {path} HTTP/1.1\r\nhost: edge\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += made.recv(4096)
    return made, head.split(b"\r\n")[0]


def test_a_websocket_passes_in_both_directions_and_outlives_the_time_for_requests(edge: Edge):
    made, line = upgraded(edge, "/v1/things:socket")
    with made:
        assert line.split()[1] == b"101"
        # More than a request's body may have, and for longer than one may take.
        for number in range(2 * LIMITS.request_bytes // 1024):
            text = str(number).encode().rjust(1023) + b"\n"
            made.sendall(text)
            got = b""
            while len(got) < 1024:
                got += made.recv(1024 - len(got))
            assert got == text
        made.settimeout(LIMITS.receive_timeout * 1.5)
        try:
            assert made.recv(1), "the edge closed the connection"
        except TimeoutError:
            made.sendall(b"still there\n")
            made.settimeout(10)
            assert made.recv(12) == b"still there\n"


def test_other_paths_cannot_be_upgraded(edge: Edge):
    for path in ("/v1/things", "/v1/things:watch", "/readyz"):
        made, line = upgraded(edge, path)
        made.close()
        assert line.split()[1] == b"403", path


def test_a_call_may_wait_longer_where_it_waits_for_its_answer(edge: Edge):
    # Longer than `unary_timeout`, which ends other calls.
    answer = edge.ask("GET", f"/v1/things:poll?seconds={LIMITS.unary_timeout + 0.7}")
    assert (answer.status, answer.json["thingId"], answer.json["server"]) == (200, "waited", "a")
    assert LIMITS.wait_timeout > 20
