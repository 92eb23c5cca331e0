"""What a server may believe of a request, and what every answer carries."""

import gzip
import http.client
import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import pytest

from tests.envoy.harness import HOST, Answer, Edge

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def seen(edge: Edge, **headers: str) -> Mapping[str, str]:
    """What the server sees of a request with `headers`."""
    metadata: Mapping[str, str] = edge.ask("POST", "/v1/echo", "{}", **headers).json["metadata"]
    return metadata


# The client's address ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def behind_a_proxy(start_edge: Callable[..., Edge]) -> Edge:
    return start_edge(trusted_hops=1)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"x_forwarded_for": "203.0.113.9"},
        {"x_forwarded_for": "203.0.113.9, 10.0.0.1"},
        {"x_client_address": "203.0.113.9"},
        {"x_envoy_external_address": "203.0.113.9"},
        {"x_real_ip": "203.0.113.9", "forwarded": "for=203.0.113.9", "true_client_ip": "203.0.113.9"},
    ],
)
def test_the_address_is_the_connections(edge: Edge, forged: dict[str, str]):
    assert seen(edge, **forged)["x-client-address"] == HOST


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("10.1.2.3, 2001:db8::1", "2001:db8::1"),
        ("10.1.2.3", "10.1.2.3"),
        ("nonsense", HOST),
    ],
)
def test_a_trusted_proxy_tells_the_address(behind_a_proxy: Edge, forwarded: str, address: str):
    assert seen(behind_a_proxy, x_forwarded_for=forwarded)["x-client-address"] == address


def test_a_trusted_proxy_that_tells_nothing_is_the_client(behind_a_proxy: Edge):
    assert seen(behind_a_proxy, x_client_address="203.0.113.9")["x-client-address"] == HOST


# Headers -----------------------------------------------------------------------------------------------------------


def test_clients_cannot_steer_the_edge(edge: Edge):
    answer = edge.ask(
        "POST",
        "/v1/wait",
        '{"seconds": 0.2}',
        x_envoy_upstream_rq_timeout_ms="1",
        x_envoy_max_retries="100",
        x_envoy_retry_on="5xx",
        x_envoy_original_method="GET",
        x_envoy_original_path="/v1/forged",
    )
    assert answer.status == 200
    line = edge.logged(answer.headers["x-request-id"])
    assert (line["method"], line["path"]) == ("POST", "/v1/wait")


def test_a_client_over_grpc_cannot_pass_for_rest(edge: Edge):
    answer = edge.ask(
        "POST", "/nothing", b"", content_type="application/grpc", te="trailers", x_envoy_original_method="GET"
    )
    assert answer.headers["grpc-status"] == "12"


def test_headers_with_underscores_are_dropped(edge: Edge):
    with closing(http.client.HTTPConnection(HOST, edge.port, timeout=20)) as connection:
        connection.request("POST", "/v1/echo", "{}", {"x_client_address": "203.0.113.9", "x-kept": "1"})
        metadata = json.loads(connection.getresponse().read())["metadata"]
    assert "x_client_address" not in metadata
    assert (metadata["x-client-address"], metadata["x-kept"]) == (HOST, "1")


STRANGE = {
    "x!y": "1",
    "x'y": "1",
    "x-strange-bin": "not base64",
    "grpc-trace-bin": "?",
    "grpc-encoding": "gzip",
    "grpc-timeout": "soon",
    "grpc-accept-encoding": "nonsense",
    "grpc-status": "13",
    "te": "gzip",
}


@pytest.mark.parametrize("name", STRANGE)
def test_headers_that_grpc_could_not_bear_do_no_harm(edge: Edge, name: str):
    with closing(http.client.HTTPConnection(HOST, edge.port, timeout=20)) as connection:
        connection.request("POST", "/v1/echo", "{}", {name: STRANGE[name]})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:10]) == (200, b'{"request"')


def test_the_request_id_is_the_edges_own(edge: Edge):
    answer = edge.ask("POST", "/v1/echo", "{}", x_request_id="forged")
    told = answer.headers["x-request-id"]
    assert str(uuid.UUID(told)) == told
    assert answer.json["metadata"]["x-request-id"] == told


def test_errors_have_a_request_id(edge: Edge):
    told = edge.ask("GET", "/nothing").headers["x-request-id"]
    assert str(uuid.UUID(told)) == told


def test_the_trace_passes(edge: Edge):
    assert seen(edge, traceparent=TRACEPARENT)["traceparent"] == TRACEPARENT


def test_slashes_and_dots_in_paths_are_tidied(edge: Edge):
    assert edge.ask("GET", "//v1//things/../things/./x").json["thingId"] == "x"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/things/x", 200),
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/fail", 500),
        ("GET", "/healthz", 200),
        ("GET", "/api/docs", 200),
        ("GET", "/", 302),
        ("GET", "/v1/things/a%2Fb", 400),
    ],
)
def test_every_answer_has_security_headers(edge: Edge, method: str, path: str, status: int):
    answer = edge.ask(method, path)
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["server"] == "userdata"
    assert not [name for name in answer.headers if name.startswith("x-envoy")]


def test_answers_of_the_api_are_not_stored(edge: Edge):
    assert edge.ask("GET", "/v1/things/x").headers["cache-control"] == "no-store"
    assert edge.ask("GET", "/v1/nothing").headers["cache-control"] == "no-store"


# JSON and compression ----------------------------------------------------------------------------------------------


def test_json_has_every_plain_field_in_camel_case(edge: Edge):
    thing = edge.ask("GET", "/v1/things/x").json
    assert set(thing) == {"thingId", "displayName", "count", "colour", "server"}
    assert (thing["displayName"], thing["count"], thing["colour"]) == ("", 0, "COLOUR_UNSPECIFIED")


@pytest.mark.parametrize(("accepted", "used"), [("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br", "br")])
def test_large_answers_are_compressed(edge: Edge, accepted: str, used: str):
    answer = edge.ask("GET", "/v1/blob?size=20000", accept_encoding=accepted)
    assert answer.headers["content-encoding"] == used
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert len(answer.body) < 2000
    if used == "gzip":
        assert len(json.loads(gzip.decompress(answer.body))["text"]) > 19000


@pytest.mark.parametrize(("path", "accepted"), [("/v1/things/x", "gzip, br"), ("/v1/blob?size=20000", "identity")])
def test_small_or_unasked_answers_are_not_compressed(edge: Edge, path: str, accepted: str):
    assert "content-encoding" not in edge.ask("GET", path, accept_encoding=accepted).headers


# Browsers of other origins -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def open_edge(start_edge: Callable[..., Edge]) -> Edge:
    return start_edge(cors_origins=("https://app.example", r"^https://[a-z]+\.preview\.example$"))


def preflight(edge: Edge, origin: str) -> Answer:
    return edge.ask(
        "OPTIONS",
        "/v1/echo",
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="authorization,content-type",
    )


@pytest.mark.parametrize("origin", ["https://app.example", "https://one.preview.example"])
def test_known_origins_may_call(open_edge: Edge, origin: str):
    asked = preflight(open_edge, origin)
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, origin)
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    for name in ("authorization", "idempotency-key", "x-grpc-web", "traceparent"):
        assert name in asked.headers["access-control-allow-headers"]
    answer = open_edge.ask("POST", "/v1/echo", "{}", origin=origin)
    assert answer.headers["access-control-allow-origin"] == origin
    for name in ("grpc-status", "grpc-message", "grpc-status-details-bin", "retry-after", "x-request-id"):
        assert name in answer.headers["access-control-expose-headers"]


def test_known_origins_can_read_errors(open_edge: Edge):
    answer = open_edge.ask("POST", "/v1/echo", '{"nope": 1}', origin="https://app.example")
    assert (answer.reason, answer.headers["access-control-allow-origin"]) == (
        "MALFORMED_REQUEST",
        "https://app.example",
    )


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://app.example", "https://app.example.evil", "https://x.y.preview.example"]
)
def test_unknown_origins_may_not(open_edge: Edge, origin: str):
    assert "access-control-allow-origin" not in preflight(open_edge, origin).headers
    assert "access-control-allow-origin" not in open_edge.ask("GET", "/v1/things/x", origin=origin).headers


def test_by_default_no_origin_may(edge: Edge):
    assert "access-control-allow-origin" not in preflight(edge, "https://app.example").headers


def test_a_star_lets_every_origin_call(start_edge: Callable[..., Edge]):
    edge = start_edge(cors_origins=("*",))
    assert preflight(edge, "https://any.example").headers["access-control-allow-origin"] == "https://any.example"


# The access log ----------------------------------------------------------------------------------------------------


def test_the_access_log_tells_of_a_call(edge: Edge):
    answer = edge.ask("GET", "/v1/things/x?", user_agent="tests/1.0", traceparent=TRACEPARENT)
    line = edge.logged(answer.headers["x-request-id"])
    expected: dict[str, Any] = {
        "method": "GET",
        "path": "/v1/things/x",
        "rpc": "/userdata.toy.v1.ToyService/GetThing",
        "protocol": "HTTP/1.1",
        "status": 200,
        "grpc_status": "OK",
        "flags": "-",
        "address": HOST,
        "user_agent": "tests/1.0",
        "traceparent": TRACEPARENT,
        "attempts": 1,
        "bytes_in": 0,
        "bytes_out": len(answer.body),
    }
    assert {name: line[name] for name in expected} == expected
    assert line["upstream"] in edge.params.rpc
    assert isinstance(line["duration_ms"], int)


def test_the_access_log_has_no_secrets(edge: Edge):
    ids = [
        edge.ask(method, path, body, authorization="Bearer s3cret").headers["x-request-id"]
        for method, path, body in [
            ("GET", "/v1/things?filter=s3cret", None),
            ("GET", "/nothing?token=s3cret", None),
            ("POST", "/v1/echo?token=s3cret", '{"text": "s3cret"}'),
            ("GET", "/api/docs?token=s3cret", None),
            ("POST", "/v1/sources/s3cret", "{}"),
        ]
    ]
    assert "s3cret" not in json.dumps([edge.logged(each) for each in ids])


def test_the_access_log_tells_of_a_call_once_whatever_its_path(edge: Edge):
    found = [edge.ask("POST", path, "{}").headers["x-request-id"] for path in ("/v1/sources/x", "/v1/nothing")]
    assert [edge.logged(each)["path"] for each in found] == ["/v1/sources/***", "/v1/nothing"]
    lines = edge.access_log.read_text()
    assert [lines.count(each) for each in found] == [1, 1]


def test_a_plus_in_a_query_is_a_space(edge: Edge):
    answer = edge.ask("GET", "/v1/things?page_size=1&filter=a+%3D%20b%2B")
    assert answer.json["things"][0]["displayName"] == "a = b+"
