"""Over REST every error is a google.rpc.Status as JSON, whoever refuses the request."""

import json
import socket

import pytest

from tests.envoy.conftest import LIMITS
from tests.envoy.harness import HOST, Answer, Edge

# What the server answers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (1, 499),
        (2, 500),
        (3, 400),
        (4, 504),
        (5, 404),
        (6, 409),
        (7, 403),
        (8, 429),
        (9, 400),
        (10, 409),
        (11, 400),
        (12, 501),
        (13, 500),
        (14, 503),
        (15, 500),
        (16, 401),
    ],
)
def test_a_servers_error_keeps_its_details(edge: Edge, code: int, status: int):
    answer = edge.ask("POST", "/v1/fail", json.dumps({"code": code, "message": "Café 100% \n done", "details": True}))
    assert answer.status == status
    assert answer.reason == "TOY_FAILED"
    assert answer.json["code"] == code
    assert answer.json["message"] == "Café 100% \n done"
    assert answer.json["details"][0]["metadata"] == {"key": "value"}
    assert answer.json["details"][1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
    assert answer.headers["retry-after"] == "2"


def test_an_error_without_details_is_json_as_well(edge: Edge):
    answer = edge.ask("POST", "/v1/fail", '{"code": 9, "message": "No."}')
    assert (answer.status, answer.json) == (400, {"code": 9, "message": "No.", "details": []})


# What the edge refuses ---------------------------------------------------------------------------------------------

MALFORMED = {
    "cut off": '{"text": ',
    "no closing quote": '{"text": "a}',
    "bare key": '{text: "a"}',
    "single quotes": "{'text': 'a'}",
    "trailing comma": '{"text": "a",}',
    "trailing text": '{"text": "a"} more',
    "two values": '{"text": "a"}{"text": "b"}',
    "comment": '{"text": "a" /* why */}',
    "control character": '{"text": "a\nb"}',
    "bad escape": '{"text": "\\x41"}',
    "not a number": '{"number": NaN}',
    "number without a fraction": '{"settings": {"a": 1.}}',
    "number with a leading zero": '{"settings": {"a": 01}}',
    "number with a plus": '{"settings": {"a": +1}}',
    "number in hexadecimal": '{"settings": {"a": 0x10}}',
    "unknown word": '{"settings": {"a": none}}',
    "not JSON": "text=a",
    "blank": " \n",
    "null": "null",
    "list": "[]",
    "string": '"text"',
    "unknown field": '{"nope": 1}',
    "unknown field within": '{"tree": {"child": {"nope": 1}}}',
    "unknown field in capitals": '{"Text": "a"}',
    "wrong type": '{"number": "ten"}',
    "list for a scalar": '{"text": ["a"]}',
    "object for a scalar": '{"text": {"a": 1}}',
    "scalar for an object": '{"tree": "a"}',
    "too large a number": '{"number": 4294967296}',
    "fraction for an integer": '{"number": 1.5}',
    "unknown enum value": '{"colour": "BLUE"}',
    "no timestamp": '{"createTime": "yesterday"}',
    "no base64": '{"data": "!!!"}',
    "no UTF-8": b'{"text": "\xff\xfe"}',
    "no UTF-8 in a key": b'{"te\xffxt": "a"}',
    "half a surrogate pair": '{"text": "\\ud800"}',
    "deep messages": '{"tree":' + '{"child":' * 5000 + "{}" + "}" * 5001,
    "deep lists": '{"settings": {"a":' + "[" * 5000 + "]" * 5000 + "}}",
    "NUL bytes": b"\x00\x00\x00\x00",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_refused(edge: Edge, body: bytes | str):
    answer = edge.ask("POST", "/v1/echo", body, content_type="application/json")
    assert (answer.status, answer.reason, answer.json["code"]) == (400, "MALFORMED_REQUEST", 3)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"text": ', "byte 10"),
        ('{"nope": 1}', '"nope"'),
        ('{"tree": {"name": "a", "nope": 1}}', '"nope"'),
        ('{"number": "ten"}', 'number: invalid value "ten"'),
        ('{"colour": "BLUE"}', 'colour: invalid value "BLUE"'),
        ("[]", "JSON object"),
    ],
)
def test_a_refusal_names_the_place(edge: Edge, body: str, told: str):
    assert told in edge.ask("POST", "/v1/echo", body).json["message"]


BODIES = {
    "empty": "",
    "empty object": "{}",
    "camelCase": '{"bigNumber": "12"}',
    "snake_case": '{"big_number": "12"}',
    "escaped key": '{"te\\u0078t": "a"}',
    "a key twice": '{"text": "a", "text": "b"}',
    "null values": '{"text": null, "tags": null, "tree": null, "colour": null}',
    "escaped NUL": '{"text": "\\u0000"}',
    "any keys in a Struct": '{"settings": {"nope": {"nope": [1, {"nope": null}]}}}',
    "number of an enum": '{"colour": 1}',
    "numbers": '{"settings": {"a": [0, -0, 0.5, -1.25e+10, 1E-2, 10, 1e5]}}',
    "words": '{"settings": {"a": [true, false, null]}}',
    "blanks": ' {\t"text" :\r\n "a" , "tags" : [ "b" , "c" ] } ',
    "recursive": '{"tree": {"name": "a", "child": {"name": "b", "child": {}}}}',
    "escapes": '{"text": "\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9 é 😀"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_good_body_is_taken(edge: Edge, body: str):
    assert edge.ask("POST", "/v1/echo", body.encode(), content_type="application/json").status == 200


def test_a_body_that_is_one_field_is_checked_against_that_field(edge: Edge):
    assert edge.ask("PATCH", "/v1/things/x", '{"displayName": "a"}').json["displayName"] == "a"
    assert edge.ask("PATCH", "/v1/things/x", '{"thing": {"displayName": "a"}}').reason == "MALFORMED_REQUEST"


def test_a_body_cannot_repeat_what_the_path_says(edge: Edge):
    assert edge.ask("POST", "/v1/things/x:archive", "{}").json["thingId"] == "x"
    assert edge.ask("POST", "/v1/things/x:archive", '{"thingId": "y"}').reason == "MALFORMED_REQUEST"


@pytest.mark.parametrize("query", ["nope=1", "pageSize=ten", "colour=BLUE", "pageSize=1&nope.deep=2"])
def test_a_wrong_query_is_refused(edge: Edge, query: str):
    answer = edge.ask("GET", f"/v1/things?{query}")
    assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("path", ["/v1/things/a%2Fb", "/v1/things/a%00b", "/v1/things/%2e%2e%2f", "/v1/things/a%5Cb"])
def test_a_path_with_hidden_slashes_or_nul_is_refused(edge: Edge, path: str):
    answer = edge.ask("GET", path)
    assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("path", ["/v1/things/%ff%fe", "/v1/things?filter=%ff"])
def test_bytes_that_are_no_text_reach_a_server_that_refuses_them(edge: Edge, path: str):
    assert edge.ask("GET", path).status == 400


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v1", "/v1/things/x/y", "/v1/echo:nothing", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_path_is_not_found(edge: Edge, method: str, path: str):
    answer = edge.ask(method, path)
    assert (answer.status, answer.reason, answer.json["code"]) == (404, "ROUTE_NOT_FOUND", 5)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/echo", "POST"),
        ("DELETE", "/v1/echo?x=1", "POST"),
        ("POST", "/v1/things", "GET"),
        ("PUT", "/v1/things/x", "GET, PATCH"),
        ("OPTIONS", "/v1/things/x", "GET, PATCH"),
        ("GET", "/v1/things/x:archive", "POST"),
        ("POST", "/v1/things:watch", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(edge: Edge, method: str, path: str, allowed: str):
    answer = edge.ask(method, path)
    assert (answer.status, answer.reason) == (405, "ROUTE_NOT_FOUND")
    assert answer.headers["allow"] == allowed
    assert answer.json["message"].endswith(f"Use {allowed.replace(', ', ' or ')}.")


def test_grpc_paths_are_no_rest_paths(edge: Edge):
    answer = edge.ask("POST", "/userdata.toy.v1.ToyService/Echo", "{}", content_type="application/json")
    assert (answer.status, answer.reason) == (404, "ROUTE_NOT_FOUND")


# Limits ------------------------------------------------------------------------------------------------------------


def test_a_body_up_to_the_limit_is_taken(edge: Edge):
    frame = '{"text": ""}'
    body = frame.replace('""', f'"{"a" * (LIMITS.request_bytes - len(frame))}"')
    assert len(body) == LIMITS.request_bytes
    assert edge.ask("POST", "/v1/echo", body).status == 200
    answer = edge.ask("POST", "/v1/echo", body + " ")
    assert (answer.status, answer.reason, answer.json["code"]) == (413, "REQUEST_TOO_LARGE", 8)


def test_a_large_body_of_unknown_length_is_refused(edge: Edge):
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    head = b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    answer = raw(edge, head + chunk * 6)
    assert (answer.status, answer.reason) == (413, "REQUEST_TOO_LARGE")


def test_headers_up_to_the_limit_pass(edge: Edge):
    almost = "a" * (LIMITS.header_kib * 1024 - 512)
    assert [edge.ask("GET", "/v1/things/x", x_large=almost).status for _ in range(20)] == [200] * 20
    assert edge.ask("GET", f"/v1/things?filter={almost}").status == 200


def test_large_headers_are_refused(edge: Edge):
    answer = edge.ask("GET", "/v1/things/x", x_large="a" * (LIMITS.header_kib * 1024))
    assert (answer.status, answer.reason, answer.json["code"]) == (431, "HEADERS_TOO_LARGE", 8)


def test_many_headers_are_refused(edge: Edge):
    answer = edge.ask("GET", "/v1/things/x", **{f"x_{number}": "a" for number in range(120)})
    assert (answer.status, answer.reason) == (431, "HEADERS_TOO_LARGE")


def test_too_large_an_answer_tells_nothing_of_the_inside(edge: Edge):
    answer = edge.ask("GET", f"/v1/blob?size={LIMITS.response_bytes + 1024}")
    assert (answer.status, answer.reason) == (500, "INTERNAL")
    assert "transcod" not in answer.json["message"]


# What is not even HTTP ---------------------------------------------------------------------------------------------


def raw(edge: Edge, request: bytes) -> Answer:
    """The answer to bytes."""
    with socket.create_connection((HOST, edge.port), timeout=20) as connection:
        connection.sendall(request)
        text = b""
        while part := connection.recv(65536):
            text += part
            head, blank, body = text.partition(b"\r\n\r\n")
            if blank:
                first, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                if len(body) >= int(headers["content-length"]):
                    return Answer(int(first.split()[1]), headers, body)
    raise AssertionError(f"the connection ended after {text!r}")


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /v1/things/x HTTP/1.1\r\n\r\n",
        b"GET /v1/things/x HTTP/1.1\r\nhost: x\r\nbad header: 1\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        b"GET /v1/things/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n",
    ],
)
def test_broken_http_gets_json(edge: Edge, request_: bytes):
    answer = raw(edge, request_)
    assert answer.status in (400, 404, 426)
    assert answer.reason in ("MALFORMED_REQUEST", "ROUTE_NOT_FOUND")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_slow_headers_are_given_up(edge: Edge):
    answer = raw(edge, b"GET /v1/things/x HTTP/1.1\r\nhost: x\r\n")
    assert (answer.status, answer.reason) == (408, "DEADLINE_EXCEEDED")


def test_a_slow_body_is_given_up(edge: Edge):
    answer = raw(edge, b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
    assert (answer.status, answer.reason) == (408, "DEADLINE_EXCEEDED")


def test_a_slow_call_is_given_up(edge: Edge):
    answer = edge.ask("POST", "/v1/wait", '{"seconds": 20}')
    assert (answer.status, answer.reason, answer.json["code"]) == (504, "DEADLINE_EXCEEDED", 4)
