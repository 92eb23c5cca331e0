"""Receivers that hang, trickle, flood, break off, or are not there."""

import asyncio
import errno
import gzip
import resource
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from server.core.outbound import connecting
from server.webhooks.sending import sender as sending
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import Outcome
from tests.webhooks.sending.receivers import (
    LOOPBACK,
    OK,
    Request,
    answering,
    attempts,
    event,
    naming,
    receiving,
    run,
    target,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


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


def test_informational_answers_do_not_count() -> None:
    [outcome], _ = attempts(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + EMPTY))
    assert (outcome.status, outcome.error, outcome.response_body) == (204, "", b"")


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
