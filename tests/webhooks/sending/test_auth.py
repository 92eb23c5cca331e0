"""Credentials: tokens are fetched once and renewed, certificates are verified both ways."""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.webhooks.sending.auth import AuthorizationUnavailable, client_context
from server.webhooks.sending.sender import Sender
from server.webhooks.sending.types import Auth, MutualTls, NoAuth, OAuth2, Outcome, SendingSettings
from tests.webhooks.sending.receivers import (
    LOOPBACK,
    OK,
    Receiver,
    Request,
    answering,
    event,
    receiving,
    run,
    target,
)

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def token_answer(token: str = "t1", **more: object) -> bytes:
    body = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600} | more).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def with_tokens(
    tokens: bytes | list[bytes], *answers: bytes, at_once: int = 1, rounds: int = 1
) -> tuple[list[Outcome], Receiver, Receiver]:
    """Send to a receiver that gives `answers`, with a token endpoint that gives `tokens`."""

    async def work() -> tuple[list[Outcome], Receiver, Receiver]:
        given = [tokens] if isinstance(tokens, bytes) else tokens
        async with receiving(answering(*given)) as issuer, receiving(answering(*answers)) as receiver:
            auth = OAuth2(issuer.url("/token"), "client id", "s:cret", "hooks write")
            endpoint = target(receiver.url(), auth=auth)
            async with Sender(LOOPBACK) as sender:
                outcomes: list[Outcome] = []
                for _ in range(rounds):
                    outcomes += await asyncio.gather(*(sender.send(endpoint, event()) for _ in range(at_once)))
                return outcomes, receiver, issuer

    return run(work())


def test_a_token_is_fetched_once_for_all_who_wait() -> None:
    outcomes, receiver, issuer = with_tokens(token_answer(), OK, at_once=5, rounds=2)
    assert [outcome.status for outcome in outcomes] == [200] * 10
    assert {request.headers["authorization"] for request in receiver.requests} == {"Bearer t1"}
    [asked] = issuer.requests
    assert asked.body == b"grant_type=client_credentials&scope=hooks+write"
    # base64 of "client+id:s%3Acret": both parts are form-encoded first.
    assert asked.headers["authorization"] == "Basic Y2xpZW50K2lkOnMlM0FjcmV0"


def test_a_refused_token_is_renewed_once() -> None:
    outcomes, receiver, issuer = with_tokens([token_answer("old"), token_answer("new")], REFUSED, OK)
    assert [outcome.status for outcome in outcomes] == [200]
    assert [request.headers["authorization"] for request in receiver.requests] == ["Bearer old", "Bearer new"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(issuer.requests) == 2


def test_a_receiver_that_refuses_every_token_is_asked_twice() -> None:
    [outcome], receiver, issuer = with_tokens([token_answer("a"), token_answer("b"), token_answer("c")], REFUSED)
    assert (outcome.status, outcome.error) == (401, "HTTP_STATUS")
    assert (len(receiver.requests), len(issuer.requests)) == (2, 2)


def test_a_token_that_does_not_last_is_fetched_again() -> None:
    _, _, issuer = with_tokens(token_answer(expires_in=1e-6), OK, rounds=2)
    assert len(issuer.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{nope",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 100_000,
        b"nonsense\r\n\r\n",
        token_answer(access_token=7),
        token_answer(access_token="a\r\nX-Evil: 1"),
        token_answer(access_token=""),
        token_answer(token_type="mac"),
        token_answer(expires_in=-1),
        token_answer(expires_in="x"),
        token_answer(expires_in=[1]),
    ],
)
def test_without_a_token_nothing_is_sent(answer: bytes) -> None:
    [outcome], receiver, _ = with_tokens(answer, OK)
    assert (outcome.status, outcome.error) == (None, "AUTHORIZATION")
    assert receiver.requests == []


def test_a_token_without_a_lifetime_serves() -> None:
    [outcome], _, _ = with_tokens(token_answer(expires_in=None), OK)
    assert outcome.status == 200


def test_a_token_endpoint_inside_is_not_asked() -> None:
    async def work() -> tuple[Outcome, Receiver]:
        async with receiving(answering(token_answer())) as issuer, Sender(SendingSettings(allow_http=True)) as sender:
            auth = OAuth2(issuer.url("/token"), "id", "secret")
            return await sender.send(target("https://example.com/", auth=auth), event()), issuer

    outcome, issuer = run(work())
    assert outcome.error == "AUTHORIZATION"
    assert issuer.connections == 0


def test_a_token_endpoint_that_hangs_counts_against_the_timeout() -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def work() -> Outcome:
        async with receiving(hang) as issuer, Sender(LOOPBACK) as sender:
            auth = OAuth2(issuer.url("/token"), "id", "secret")
            return await sender.send(target("http://127.0.0.1:1/", auth=auth, timeout=0.2), event())

    assert run(work()).error == "TIMEOUT"


# --- TLS


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._signed(self._name, self._key, authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool, days: int = 1
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def issue(self, *, days: int = 1, password: bytes | None = None) -> MutualTls:
        """A certificate for 127.0.0.1 and its key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return MutualTls(
            self._signed(name, key, authority=False, days=days).public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode(),
        )

    def serving(self, *, days: int = 1, clients: bool = False) -> ssl.SSLContext:
        """The context of a receiver, which asks for a certificate of this authority when `clients` is set."""
        own = self.issue(days=days)
        file = self._folder / "receiver.pem"
        file.write_text(own.certificate + own.private_key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def over_tls(tls: ssl.SSLContext, settings: SendingSettings, auth: Callable[[], Auth] = NoAuth) -> list[Outcome]:
    async def work() -> list[Outcome]:
        async with receiving(tls=tls) as receiver, Sender(settings) as sender:
            endpoint = target(receiver.url(), auth=auth())
            return [await sender.send(endpoint, event()) for _ in range(2)]

    return run(work())


def test_a_trusted_receiver_is_sent_to_and_its_handshake_timed(authority: Authority) -> None:
    first, second = over_tls(authority.serving(), replace(LOOPBACK, ca_file=str(authority.file)))
    assert (first.status, first.error) == (200, "")
    assert first.connect_ms is not None
    assert first.tls_ms is not None
    assert first.connect_ms + first.tls_ms <= (first.first_byte_ms or 0)
    assert (second.status, second.tls_ms) == (200, None)


@pytest.mark.parametrize("days", [1, -1])
def test_untrusted_and_expired_certificates_do_not_hold(authority: Authority, days: int) -> None:
    settings = LOOPBACK if days > 0 else replace(LOOPBACK, ca_file=str(authority.file))
    outcome, _ = over_tls(authority.serving(days=days), settings)
    assert (outcome.status, outcome.error) == (None, "TLS")
    assert outcome.detail == "The receiver's certificate does not hold."


def test_a_client_certificate_is_shown_to_who_asks(authority: Authority) -> None:
    settings = replace(LOOPBACK, ca_file=str(authority.file))
    first, second = over_tls(authority.serving(clients=True), settings, authority.issue)
    assert [first.status, second.status] == [200, 200]
    assert second.tls_ms is None


def test_a_receiver_that_misses_the_client_certificate_ends_the_connection(authority: Authority) -> None:
    outcome, _ = over_tls(authority.serving(clients=True), replace(LOOPBACK, ca_file=str(authority.file)))
    # The handshake of TLS 1.3 is over for us when the receiver refuses; its alert and the end of the connection race.
    assert outcome.status is None
    assert outcome.error in ("TLS", "RESET")


def test_a_key_that_cannot_be_used_is_told_and_nothing_asks_the_terminal(authority: Authority) -> None:
    locked = authority.issue(password=b"secret")
    for auth in (locked, MutualTls("", ""), replace(authority.issue(), private_key=locked.private_key)):
        with pytest.raises(AuthorizationUnavailable):
            client_context(auth, LOOPBACK)


def test_plain_http_where_tls_is_spoken_is_told() -> None:
    async def work() -> Outcome:
        async with receiving(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as receiver, Sender(LOOPBACK) as sender:
            return await sender.send(target(receiver.url().replace("http:", "https:"), timeout=0.3), event())

    assert run(work()).error in ("TLS", "TIMEOUT")
