"""What a receiver gets and what comes of it, for receivers of every kind."""

import asyncio
import socket
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from server.core import ids
from server.core.outbound.connecting import GuardedConnector
from server.webhooks.sending import signing
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import Basic, Bearer
from tests.webhooks.sending.receivers import (
    LOOPBACK,
    OK,
    SECRET,
    Request,
    answering,
    attempts,
    event,
    ok,
    receiving,
    run,
    target,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_receiver_gets_a_signed_post() -> None:
    sent = event(trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    [outcome], receiver = attempts(
        ok, sent, made=lambda receiver: target(receiver.url("/hooks?x=%26"), headers={"X-Team": "billing"})
    )
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/hooks?x=%26")
    assert request.headers["webhook-id"] == ids.encode("evt", sent.event_id)
    assert request.headers["traceparent"] == sent.trace_parent
    assert request.headers["user-agent"].startswith("Userdata-Webhooks/")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["x-team"] == "billing"
    assert request.headers["accept-encoding"] == "identity"
    assert "cookie" not in request.headers
    assert signing.well_formed(
        request.headers["webhook-id"], request.headers["webhook-timestamp"], request.headers["webhook-signature"]
    )
    judged = Webhook(signing.format_secret("HMAC_SHA256", SECRET)).verify(request.body.decode(), request.headers)
    assert judged["data"] == {"amount": 1200, "currency": "EUR"}
    assert (outcome.status, outcome.error, outcome.response_body) == (200, "", b"ok")
    assert outcome.address == "127.0.0.1"
    assert not outcome.resent


def test_the_id_stays_and_each_attempt_signs_anew() -> None:
    sent = event()
    outcomes, receiver = attempts(answering(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", OK), sent, sent)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [(outcome.status, outcome.error) for outcome in outcomes] == [(500, "HTTP_STATUS"), (200, "")]
    assert outcomes[0].detail == "The receiver answered 500."


def test_both_secrets_sign_during_a_rotation() -> None:
    old = bytes(32)
    _, receiver = attempts(ok, made=lambda receiver: target(receiver.url(), secrets=(SECRET, old)))
    [request] = receiver.requests
    assert request.headers["webhook-signature"].count(" ") == 1
    for secret in (SECRET, old):
        Webhook(signing.format_secret("HMAC_SHA256", secret)).verify(request.body.decode(), request.headers)


def test_a_connection_is_kept_and_only_the_first_attempt_dials() -> None:
    (first, second), receiver = attempts(ok, event(), event())
    assert receiver.connections == 1
    assert first.connect_ms is not None
    assert (second.dns_ms, second.connect_ms, second.tls_ms) == (None, None, None)
    assert first.tls_ms is None
    assert second.address == "127.0.0.1"
    assert 0 < (first.first_byte_ms or 0) <= first.total_ms


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers(status: int) -> None:
    [outcome], receiver = attempts(
        answering(f"HTTP/1.1 {status} Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n".encode())
    )
    assert (outcome.status, outcome.error) == (status, "HTTP_STATUS")
    assert [request.path for request in receiver.requests] == ["/hooks"]


def test_cookies_are_neither_kept_nor_recorded() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nX-Trace: 7\r\nX-Trace: 8\r\nContent-Length: 0\r\n\r\n"
    (first, _), receiver = attempts(answering(answer), event(), event())
    assert first.response_headers == {"x-trace": "7, 8", "content-length": "0"}
    assert all("cookie" not in request.headers for request in receiver.requests)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    [outcome], _ = attempts(ok)
    assert outcome.status == 200


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        ("429 Slow Down", b"120", timedelta(seconds=120)),
        ("503 Later", b"soon", None),
        ("200 OK", b"120", None),
    ],
)
def test_a_receiver_may_ask_to_wait(status: str, header: bytes, wait: timedelta | None) -> None:
    [outcome], _ = attempts(
        answering(b"HTTP/1.1 %s\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % (status.encode(), header))
    )
    assert outcome.retry_after == wait


@pytest.mark.parametrize(
    ("auth", "header"),
    [(Basic("Jörg", "a:b"), "Basic SsO2cmc6YTpi"), (Bearer("t0ken"), "Bearer t0ken")],
)
def test_fixed_credentials_are_sent(auth: Basic | Bearer, header: str) -> None:
    _, receiver = attempts(ok, made=lambda receiver: target(receiver.url(), auth=auth))
    assert receiver.requests[0].headers["authorization"] == header


def test_a_transformation_gives_the_body() -> None:
    made = lambda receiver: target(receiver.url(), transformation="{'text': event.subject + ' is paid'}")  # noqa: E731
    _, receiver = attempts(ok, made=made)
    assert receiver.requests[0].body == b'{"text":"invoices/7 is paid"}'


def test_an_event_that_cannot_be_transformed_is_not_sent() -> None:
    made = lambda receiver: target(receiver.url(), transformation="{'text': event.data.nothing}")  # noqa: E731
    [outcome], receiver = attempts(ok, made=made)
    assert outcome.error == "TRANSFORMATION"
    assert "nothing" in outcome.detail
    assert receiver.requests == []


def test_a_cancelled_send_is_cancelled() -> None:
    async def work() -> None:
        async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await asyncio.Event().wait()

        arrived = asyncio.Event()
        async with receiving(hang) as receiver, Sender(LOOPBACK) as sender:
            task = asyncio.create_task(sender.send(target(receiver.url()), event()))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(work())


def test_small_requests_are_not_held_back() -> None:
    async def work() -> set[int]:
        async with receiving() as receiver, Sender(LOOPBACK) as sender:
            await sender.send(target(receiver.url()), event())
            connector = sender._session.connector
            assert isinstance(connector, GuardedConnector)
            sockets = [protocol.transport.get_extra_info("socket") for protocol in connector.addresses]
            return {each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in sockets}

    assert run(work()) == {1}
