"""The `http` step against real receivers on loopback: what it sends, what it gives, and how it fails."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from server.core import clock, ids
from server.core.outbound.client import Client
from server.core.outbound.settings import OutboundSettings
from server.workflows.engine.step_types import Context, StepFailed
from server.workflows.engine.types import StepError
from server.workflows.steps.http import MAX_ANSWER, Http
from tests.webhooks.sending.receivers import LOOPBACK, Answer, Receiver, Request, answering, ok, receiving, run


class _Outside:
    def __init__(self, client: Client) -> None:
        self.http: Any = client.request


def _context(client: Client, config: Mapping[str, Any], seconds: float) -> Context:
    now = clock.now()
    return Context(
        workspace_id=ids.new(),
        execution_id=ids.new(),
        path="call",
        attempt=1,
        config=config,
        idempotency_key="exe_1:call:1",
        now=now,
        deadline=now + timedelta(seconds=seconds),
        services=_Outside(client),
    )


def ask(
    config: Mapping[str, Any],
    answer: Answer = ok,
    *,
    settings: OutboundSettings = LOOPBACK,
    seconds: float = 5.0,
    times: int = 1,
) -> tuple[list[Any], Receiver]:
    """What the step gives, each time: its output or its error. `{}` in the URL is the receiver."""

    async def work() -> tuple[list[Any], Receiver]:
        async with receiving(answer) as receiver, Client(settings) as client:
            filled = {**config, "url": config.get("url", "{}").replace("{}", receiver.url(""))}
            return [await _one(client, filled, seconds) for _ in range(times)], receiver

    return run(work())


async def _one(client: Client, config: Mapping[str, Any], seconds: float) -> Any:
    try:
        return (await Http().run(_context(client, config, seconds))).output
    except StepFailed as failed:
        return failed.error


def error_of(config: Mapping[str, Any], answer: Answer = ok, **more: Any) -> StepError:
    """The error of one attempt."""
    [error], _ = ask(config, answer, **more)
    assert isinstance(error, StepError)
    return error


def respond(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer of HTTP/1.1."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def test_json_is_sent_and_read() -> None:
    answer = answering(respond(b'{"id": 7, "big": 123456789012345678901}', "Content-Type: application/json", "X-A: b"))
    config = {"method": "post", "url": "{}/orders", "body": {"n": [1, "ö"]}, "headers": {"Authorization": "Bearer s"}}
    [output], receiver = ask(config, answer)
    assert output["status"] == 200
    assert output["body"] == {"id": 7, "big": 123456789012345678901.0}
    assert output["headers"]["x-a"] == "b"
    [request] = receiver.requests
    assert (request.method, request.path, json.loads(request.body)) == ("POST", "/orders", {"n": [1, "ö"]})
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer s"
    assert request.headers["idempotency-key"] == "exe_1:call:1"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("Userdata-Workflows/")


def test_text_is_sent_as_it_is_and_a_get_has_no_key() -> None:
    [_], receiver = ask({"method": "PUT", "url": "{}/a", "body": "plain", "headers": {"Content-Type": "text/csv"}})
    assert (receiver.requests[0].body, receiver.requests[0].headers["content-type"]) == (b"plain", "text/csv")
    [_], receiver = ask({"url": "{}/a"})
    assert "idempotency-key" not in receiver.requests[0].headers
    [_], receiver = ask({"method": "DELETE", "url": "{}/a", "headers": {"idempotency-key": "mine"}})
    assert receiver.requests[0].headers["idempotency-key"] == "mine"


def test_parameters_join_those_of_the_url() -> None:
    query = {"q": "a b&c", "n": 1, "on": True, "tag": ["x", "y"], "none": None}
    [_], receiver = ask({"url": "{}/find?k=v", "query": query})
    assert receiver.requests[0].path == "/find?k=v&q=a+b%26c&n=1&on=true&tag=x&tag=y"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "application/json", None),
        (b"hello \xff\x00", "text/plain", "hello \ufffd"),
        (b"{broken", "application/json", "{broken"),
        (b"[NaN, 1e999]", "application/json", "[NaN, 1e999]"),
        (b'{"a\\u0000": "\\u0000b\\ud800"}', "application/problem+json; charset=utf-8", {"a": "b\ufffd"}),
        (b"[" * 100_000, "application/json", "[" * 100_000),
    ],
    ids=["empty", "bytes", "broken", "infinite", "unstorable", "deep"],
)
def test_any_body_becomes_something_that_can_be_kept(body: bytes, content_type: str, expected: Any) -> None:
    [output], _ = ask({}, answering(respond(body, f"Content-Type: {content_type}")))
    assert output["body"] == expected


@pytest.mark.parametrize(
    ("status", "retryable"),
    [("500 No", True), ("503 Later", True), ("429 Slow", True), ("404 None", False), ("301 Moved", True)],
)
def test_an_unexpected_status_fails_with_what_was_said(status: str, retryable: bool) -> None:  # noqa: FBT001
    headers = ("Retry-After: 7", "Location: http://127.0.0.1:1/")
    error = error_of({}, answering(respond(b"because", *headers, status=status)))
    number = int(status[:3])
    assert (error.code, error.retryable) == ("HTTP_STATUS", retryable)
    assert error.message == f"The receiver answered {number}."
    assert error.details == {"status": number, "body": "because", "retry_after": 7.0}


@pytest.mark.parametrize("expect", [[404], ["4xx"], [200, "404"], ["4XX"], 404])
def test_a_status_that_is_expected_is_no_failure(expect: Any) -> None:
    [output], _ = ask({"expect": expect}, answering(respond(b"", status="404 None")))
    assert output["status"] == 404


def test_only_expected_statuses_are_no_failure() -> None:
    assert error_of({"expect": [201]}).details["status"] == 200


def test_a_receiver_that_hangs_is_given_up() -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def hang_in_the_body(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await writer.drain()
        await asyncio.Event().wait()

    for answer in (hang, hang_in_the_body):
        error = error_of({}, answer, seconds=0.2)
        assert (error.code, error.retryable) == ("TIMEOUT", True)


def test_a_receiver_that_ends_the_connection_is_told_of() -> None:
    async def reset(request: Request, writer: asyncio.StreamWriter) -> None:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()

    error = error_of({}, reset)
    assert (error.code, error.retryable) == ("RESET", True)
    assert error_of({}, answering(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")).code == "PROTOCOL"


def test_a_kept_connection_that_went_stale_is_no_failure() -> None:
    async def once(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(respond(b"ok"))
        if request.connection == 1:
            await writer.drain()
            writer.close()

    outputs, receiver = ask({"method": "POST"}, once, times=3)
    assert [output["status"] for output in outputs] == [200, 200, 200]
    assert receiver.connections >= 2


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    error = error_of({"url": f"http://127.0.0.1:{port}/"})
    assert (error.code, error.retryable) == ("CONNECT", True)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "ftp://example.com/",
        "http://user:pass@example.com/",
        "not a url",
    ],
)
def test_what_is_inside_is_out_of_reach(url: str) -> None:
    error = error_of({"url": url})
    assert (error.code, error.retryable) == ("FORBIDDEN_ADDRESS", False)


def test_loopback_and_http_are_out_of_reach_by_default() -> None:
    assert error_of({}, settings=OutboundSettings()).code == "FORBIDDEN_ADDRESS"
    assert error_of({}, settings=OutboundSettings(allow_http=True)).code == "FORBIDDEN_ADDRESS"


def test_redirects_are_not_followed() -> None:
    [output], receiver = ask({"expect": ["3xx"]}, answering(respond(b"", "Location: /inside", status="302 Found")))
    assert (output["status"], output["headers"]["location"], len(receiver.requests)) == (302, "/inside", 1)


def test_an_answer_that_is_too_long_is_not_read() -> None:
    async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while True:
            writer.write(chunk)
            await writer.drain()

    told = answering(f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_ANSWER + 1}\r\n\r\n".encode())
    for answer in (endless, told):
        error = error_of({}, answer)
        assert (error.code, error.retryable) == ("TOO_LARGE", False)
    [output], _ = ask({}, answering(respond(b"x" * MAX_ANSWER)))
    assert len(output["body"]) == MAX_ANSWER


def test_what_is_compressed_is_not_unpacked() -> None:
    bomb = gzip.compress(b"0" * (1 << 24))
    assert error_of({}, answering(respond(bomb, "Content-Encoding: gzip"))).code == "PROTOCOL"


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"method": "TRACE"}, "method"),
        ({"headers": {"Host": "a"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"headers": {"x": "a\r\nb: c"}}, "headers"),
        ({"headers": {"x": "ö"}}, "headers"),
        ({"headers": []}, "headers"),
        ({"expect": ["ok"]}, "expect"),
        ({"expect": [99]}, "expect"),
        ({"query": "a=b"}, "query"),
    ],
)
def test_what_cannot_be_sent_is_told_and_not_tried_again(config: dict[str, Any], field: str) -> None:
    [error], receiver = ask(config)
    assert (error.code, error.retryable, error.details) == ("CONFIG_INVALID", False, {"field": field})
    assert receiver.requests == []


def test_a_url_has_to_be_there() -> None:
    async def work() -> Any:
        async with Client(LOOPBACK) as client:
            return await _one(client, {"url": None}, 1.0)

    assert run(work()).details == {"field": "url"}
