"""Asking receivers for consent as CloudEvents HTTP Webhook §4 describes."""

import pytest

from server.webhooks.sending.handshake import Consent, options_handshake
from server.webhooks.sending.types import SendingSettings
from tests.webhooks.sending.receivers import LOOPBACK, Receiver, answering, receiving, run

ORIGIN = "hooks.userdata.example"


def asked(answer: bytes, *, rate: int | None = None) -> tuple[Consent, Receiver]:
    async def work() -> tuple[Consent, Receiver]:
        async with receiving(answering(answer)) as receiver:
            return await options_handshake(receiver.url(), ORIGIN, settings=LOOPBACK, rate=rate), receiver

    return run(work())


def with_headers(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "Content-Length: 0", "", ""]).encode()


def test_the_receiver_is_asked_with_origin_and_rate() -> None:
    consent, receiver = asked(with_headers(f"WebHook-Allowed-Origin: {ORIGIN}", "WebHook-Allowed-Rate: 120"), rate=600)
    [request] = receiver.requests
    assert (request.method, request.body) == ("OPTIONS", b"")
    assert request.headers["webhook-request-origin"] == ORIGIN
    assert request.headers["webhook-request-rate"] == "600"
    assert consent == Consent(allowed=True, rate=120, status=200)


@pytest.mark.parametrize(
    ("lines", "rate", "consent"),
    [
        (["WebHook-Allowed-Origin: *"], None, (True, None)),
        (["webhook-allowed-origin: Hooks.Userdata.Example"], None, (True, None)),
        (["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: *"], 60, (True, None)),
        (["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 5"], None, (True, 5)),
        (["WebHook-Allowed-Origin: *"], 60, (False, None)),
        (["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 0"], 60, (False, None)),
        (["WebHook-Allowed-Origin: other.example"], None, (False, None)),
        (["WebHook-Allowed-Origin:"], None, (False, None)),
        (["Allow: POST"], None, (False, None)),
    ],
)
def test_only_the_right_answer_is_consent(lines: list[str], rate: int | None, consent: tuple[bool, int | None]) -> None:
    given, _ = asked(with_headers(*lines), rate=rate)
    assert (given.allowed, given.rate) == consent
    assert bool(given.detail) != given.allowed


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed", "302 Found", "500 Oops"])
def test_other_statuses_are_no_consent(status: str) -> None:
    consent, receiver = asked(with_headers("WebHook-Allowed-Origin: *", "Location: /x", status=status))
    assert (consent.allowed, consent.status) == (False, int(status[:3]))
    assert len(receiver.requests) == 1


def test_a_receiver_inside_is_not_asked() -> None:
    async def work() -> tuple[Consent, Receiver]:
        async with receiving(answering(with_headers("WebHook-Allowed-Origin: *"))) as receiver:
            return await options_handshake(receiver.url(), ORIGIN, settings=SendingSettings(allow_http=True)), receiver

    consent, receiver = run(work())
    assert not consent.allowed
    assert "not public" in consent.detail
    assert receiver.connections == 0


def test_nobody_there_is_no_consent() -> None:
    consent = run(options_handshake("http://127.0.0.1:1/", ORIGIN, settings=LOOPBACK))
    assert consent == Consent(allowed=False, detail="No connection came about.")


@pytest.mark.parametrize(("origin", "rate"), [("a b", None), ("a\r\nb", None), ("", None), (ORIGIN, 0), (ORIGIN, -5)])
def test_a_malformed_question_is_not_asked(origin: str, rate: int | None) -> None:
    with pytest.raises(ValueError, match="origin"):
        run(options_handshake("http://127.0.0.1:1/", origin, settings=LOOPBACK, rate=rate))
