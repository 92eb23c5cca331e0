"""What others send, signed byte for byte, passes as it came, JSON or not."""

import json
import random

import pytest

from tests.envoy.conftest import LIMITS
from tests.envoy.harness import Edge

BODIES = {
    "json": b'{"a":   1, "unknown": {"b": [1,2 ,3]}, "e": "\xc3\xa9"}\r\n',
    "broken json": b'{"a": ',
    "a list": b"[1, 2]",
    "a form": b"payload=%7B%7D&x=%ff",
    "bytes": random.Random(7).randbytes(5000),  # noqa: S311 - the same bytes each time
    "the largest": b"x" * (LIMITS.request_bytes - 1024),
    "deep": b"[" * 5000,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded; charset=utf-8"])
def test_a_body_arrives_as_it_was_sent(edge: Edge, name: str, content_type: str):
    body = BODIES[name]
    answer = edge.ask(
        "POST", "/v1/inbox/uds_1", body, content_type=content_type, X_Hub_Signature_256="sha256=ab", x_hub_other="1"
    )
    assert answer.status == 200
    assert answer.body == body
    assert answer.headers["content-type"] == content_type
    headers = {"x-hub-signature-256": "sha256=ab", "x-hub-other": "1"}
    assert json.loads(answer.headers["x-got"]) == ["uds_1", content_type, headers]


def test_no_body_and_no_type_arrive_too(edge: Edge):
    answer = edge.ask("POST", "/v1/inbox/uds_1")
    assert (answer.status, answer.body) == (200, b"")


def test_a_body_that_is_too_large_is_refused(edge: Edge):
    answer = edge.ask("POST", "/v1/inbox/uds_1", b"x" * (LIMITS.request_bytes + 1))
    assert (answer.status, answer.reason) == (413, "REQUEST_TOO_LARGE")


def test_other_methods_are_not_taken(edge: Edge):
    assert edge.ask("PUT", "/v1/inbox/uds_1", b"{}").status == 405
    assert edge.ask("POST", "/v1/inbox/uds_1/more", b"{}", content_type="application/json").status == 404
