"""What a receiver gets and what comes of it, for receivers of every kind."""

import asyncio
import errno
import gzip
import resource
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from server.core import ids
from server.webhooks.sending import connecting, signing
from server.webhooks.sending import sender as sending
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import Basic, Bearer, Outcome, Outgoing, SendingSettings, Target
from tests.webhooks.sending.receivers import (
    LOOPBACK,
    OK,
    SECRET,
    Answer,
    Receiver,
    Request,
    answering,
    event,
    naming,
    ok,
    receiving,
    run,
    target,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


def attempts(
    answer: Answer,
    *events: Outgoing,
    made: Callable[[Receiver], Target] = lambda receiver: target(receiver.url()),
    settings: SendingSettings = LOOPBACK,
) -> tuple[list[Outcome], Receiver]:
    """Send events one after the other to one endpoint of a receiver; one event when none is given."""

    async def work() -> tuple[list[Outcome], Receiver]:
        async with receiving(answer) as receiver, Sender(settings) as sender:
            endpoint = made(receiver)
            return [await sender.send(endpoint, each) for each in events or (event(),)], receiver

    return run(work())


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


def test_a_receiver_that_hangs_runs_into_the_timeout() -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    [outcome], _ = attempts(hang, made=lambda receiver: target(receiver.url(), timeout=0.2))
    assert (outcome.status, outcome.error) == (None, "TIMEOUT")
    assert 190 < outcome.total_ms < 4000
    assert outcome.address == "127.0.0.1"


def test_a_head_that_trickles_runs_into_the_timeout() -> None:
    async def trickle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while not writer.is_closing():
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.02)

    [outcome], _ = attempts(trickle, made=lambda receiver: target(receiver.url(), timeout=0.3))
    assert outcome.error == "TIMEOUT"
    assert outcome.total_ms < 4000


def test_a_body_that_trickles_does_not_undo_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_BODY_SECONDS", 0.2)

    async def trickle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    (first, second), receiver = attempts(trickle, event(), event())
    assert (first.status, first.error) == (200, "")
    assert 0 < len(first.response_body) < 50
    assert first.total_ms < 4000
    assert receiver.connections == 2
    assert second.status == 200


def test_an_endless_answer_is_cut_and_costs_its_connection() -> None:
    written = 0

    async def flood(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(HEAD + b"Content-Length: 10000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes, receiver = attempts(flood, event(), event())
    assert [len(outcome.response_body) for outcome in outcomes] == [sending.MAX_RESPONSE] * 2
    assert all(outcome.error == "" for outcome in outcomes)
    assert receiver.connections == 2
    assert written < 32 * 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_compression_bomb_stays_packed() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    answer = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    [outcome], _ = attempts(answering(answer))
    assert outcome.response_body == bomb[: sending.MAX_RESPONSE]


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
    ],
)
def test_what_is_not_http_is_told_so(answer: bytes) -> None:
    [outcome], _ = attempts(answering(answer))
    assert (outcome.status, outcome.error) == (None, "PROTOCOL")


def test_a_receiver_that_closes_a_new_connection_has_not_answered() -> None:
    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()

    [outcome], receiver = attempts(close)
    assert (outcome.status, outcome.error, outcome.resent) == (None, "RESET", False)
    assert len(receiver.requests) == 1


def test_a_kept_connection_that_ends_is_replaced_and_the_outcome_says_so() -> None:
    async def once_each(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.connection == 1 and len(seen) == 1:
            writer.close()
        else:
            writer.write(OK)
        seen.append(request)

    seen: list[Request] = []
    (first, second), receiver = attempts(once_each, event(), event())
    assert (first.resent, second.resent) == (False, True)
    assert (second.status, second.error) == (200, "")
    assert sending.RESENT in second.response_headers
    assert sending.RESENT not in first.response_headers
    lost, again = receiver.requests[1:]
    assert lost.connection != again.connection
    assert {**lost.headers, "connection": "close"} == again.headers
    assert lost.body == again.body


def test_a_receiver_that_closes_every_connection_is_sent_to_twice_at_most() -> None:
    async def close_later(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(seen) == 0:
            writer.write(OK)
        else:
            writer.close()
        seen.append(request)

    seen: list[Request] = []
    (_, second), receiver = attempts(close_later, event(), event())
    assert (second.status, second.error, second.resent) == (None, "RESET", True)
    assert len(receiver.requests) == 3


def test_an_answer_that_breaks_off_in_its_head_is_not_asked_for_again() -> None:
    async def halves(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(seen) == 0:
            writer.write(OK)
        else:
            writer.write(HEAD + b"X: ")
            await writer.drain()
            writer.close()
        seen.append(request)

    seen: list[Request] = []
    (_, second), receiver = attempts(halves, event(), event())
    assert (second.error, second.resent) == ("RESET", False)
    assert len(receiver.requests) == 2


def test_nobody_listening_is_no_connection() -> None:
    async def work() -> Outcome:
        async with receiving() as receiver:
            url = receiver.url()
        async with Sender(LOOPBACK) as sender:
            return await sender.send(target(url), event())

    outcome = run(work())
    assert (outcome.status, outcome.error) == (None, "CONNECT")
    assert "127" not in outcome.detail


def test_a_host_without_address_is_told_so() -> None:
    async def work() -> Outcome:
        async with naming({}) as names:
            settings = replace(LOOPBACK, nameservers=("127.0.0.1",), dns_port=names.port)
            async with Sender(settings) as sender:
                return await sender.send(target("http://nobody.example/"), event())

    assert run(work()).error == "DNS"


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


def test_informational_answers_do_not_count() -> None:
    [outcome], _ = attempts(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + EMPTY))
    assert (outcome.status, outcome.error, outcome.response_body) == (204, "", b"")


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


def test_connections_that_nobody_uses_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "open_files", lambda: 6)
    monkeypatch.setattr(connecting, "_SHED_SECONDS", 0.0)

    async def work() -> tuple[list[Outcome], int]:
        async with AsyncExitStack() as stack:
            receivers = [await stack.enter_async_context(receiving()) for _ in range(12)]
            sender = await stack.enter_async_context(Sender(LOOPBACK))
            outcomes = [await sender.send(target(receiver.url()), event()) for receiver in receivers]
            return outcomes, sum(receiver.open for receiver in receivers)

    outcomes, still_open = run(work())
    assert all(outcome.status == 200 for outcome in outcomes)
    assert still_open < 12


def test_no_files_left_is_not_the_receivers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(connector: object, address: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(connecting.GuardedConnector, "_socket", none_left)

    async def work() -> Outcome:
        async with receiving() as receiver, Sender(LOOPBACK) as sender:
            return await sender.send(target(receiver.url()), event())

    assert run(work()).error == "INTERNAL"
