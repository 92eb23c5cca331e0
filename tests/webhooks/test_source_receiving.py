"""What others send becomes events: once, if it is signed, and byte for byte as it came.

Signatures are made here with hashlib alone, by the words of each sender's own documentation.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from server.core import clock
from server.core.models import Event
from server.webhooks.models import Receipt
from server.workspaces.models import Workspace
from tests.accounts.factories import Person
from tests.support.client import Client, RpcError
from tests.webhooks.source_factories import SOURCES, create, make_type
from tests.workspaces.factories import by, events_of, ws
from userdata.webhooks.v1 import source_pb2
from userdata.webhooks.v1 import source_service_pb2 as pb

SECRET = "a_secret_of_the_sender"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id": "evt_1", "type": "charge.succeeded", "data": {"amount": 4200, "text": "\xc3\xa9  "}}'


def mac(key: bytes, message: bytes, name: str = "sha256") -> bytes:
    """HMAC (RFC 2104), written out."""
    size = hashlib.new(name).block_size
    key = (hashlib.new(name, key).digest() if len(key) > size else key).ljust(size, b"\0")
    inner = hashlib.new(name, bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.new(name, bytes(byte ^ 0x5C for byte in key) + inner).digest()


def now() -> str:
    return str(int(clock.now().timestamp()))


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def standard(body: bytes, at: str | None = None, prefix: str = "webhook") -> dict[str, str]:
    at = at or now()
    key = base64.b64decode(STANDARD.removeprefix("whsec_"))
    good = b64(mac(key, f"msg_1.{at}.".encode() + body))
    return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": at, f"{prefix}-signature": f"v1,{b64(b'x' * 32)} v1,{good}"}


def github(body: bytes) -> dict[str, str]:
    return {
        "x-hub-signature-256": "sha256=" + mac(SECRET.encode(), body).hex(),
        "x-github-event": "push",
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    }


def stripe(body: bytes, at: str | None = None) -> dict[str, str]:
    at = at or now()
    good = mac(SECRET.encode(), at.encode() + b"." + body).hex()
    return {"stripe-signature": f"t={at},v1={'0' * 64},v1={good},v0={'1' * 64}"}


def slack(body: bytes, at: str | None = None) -> dict[str, str]:
    at = at or now()
    good = mac(SECRET.encode(), f"v0:{at}:".encode() + body).hex()
    return {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={good}"}


def shopify(body: bytes) -> dict[str, str]:
    return {
        "x-shopify-hmac-sha256": b64(mac(SECRET.encode(), body)),
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "b54557e4",
    }


def generic(body: bytes) -> dict[str, str]:
    return {"x-sign": "s=" + b64(mac(SECRET.encode(), body, "sha512")), "x-id": "41"}


def basic(_body: bytes) -> dict[str, str]:
    return {"authorization": "Basic " + b64(f"billing:{SECRET}".encode()), "x-id": "41"}


def api_key(_body: bytes) -> dict[str, str]:
    return {"x-key": SECRET, "x-id": "41"}


Signs = Callable[..., dict[str, str]]
HMAC = {"header": "X-Sign", "algorithm": "HMAC_ALGORITHM_SHA512", "encoding": "HMAC_ENCODING_BASE64", "prefix": "s="}
KINDS: dict[str, tuple[Signs, dict[str, Any], str, str]] = {
    "STANDARD_WEBHOOKS": (standard, {"secret": STANDARD}, "msg_1", "charge.succeeded"),
    "GITHUB": (github, {}, "72d3162e-cc78-11e3-81ab-4c9367dc0958", "push"),
    "STRIPE": (stripe, {}, "evt_1", "charge.succeeded"),
    "SLACK": (slack, {}, "", "charge.succeeded"),
    "SHOPIFY": (shopify, {}, "b54557e4", "orders/create"),
    "HMAC": (generic, {"hmac": HMAC, "id_header": "X-Id"}, "41", ""),
    "BASIC": (basic, {"basic": {"username": "billing"}, "id_header": "X-Id"}, "41", ""),
    "API_KEY": (api_key, {"api_key": {"header": "X-Key"}, "id_header": "X-Id"}, "41", ""),
}

#: What does not depend on the body is wrong in itself.
WRONG = {"BASIC": {"authorization": "Basic " + b64(b"billing:other")}, "API_KEY": {"x-key": "other"}}


class Sender:
    """Somebody who sends to a source."""

    def __init__(self, person: Person, workspace: Workspace, kind: str, **values: Any) -> None:
        self.signs, settings, _, _ = KINDS[kind]
        made = create(person, workspace, kind=f"SOURCE_KIND_{kind}", **({"secret": SECRET} | settings | values))
        self.person, self.workspace, self.source = person, workspace, made
        self.token = made.url.rpartition("/")[2]

    def send(self, body: bytes = BODY, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The answer to `body`, signed unless `headers` say otherwise."""
        sent = {"x-request-id": "r1", **(self.signs(body) if headers is None else headers)}
        request = pb.ReceiveWebhookRequest(token=more.get("token", self.token))
        request.body.data = body
        request.body.content_type = more.get("content_type", "application/json")
        return Client().call(f"{SOURCES}ReceiveWebhook", request, headers=sent)

    def receipts(self) -> list[source_pb2.Receipt]:
        """What the product keeps, the newest first, whole."""
        names: Any = {"workspace_id": ws(self.workspace), "source_id": self.source.id}
        call = by(self.person)
        listed = call(f"{SOURCES}ListReceipts", pb.ListReceiptsRequest(**names)).receipts
        assert not any(receipt.body for receipt in listed)
        return [call(f"{SOURCES}GetReceipt", pb.GetReceiptRequest(**names, receipt_id=each.id)) for each in listed]

    def events(self) -> list[dict[str, Any]]:
        """The data of the events that were made."""
        return [data for kind, data in events_of(self.workspace.id) if kind == "stripe.received"]


@pytest.fixture
def sender(ada: Person, acme: Workspace) -> Callable[..., Sender]:
    make_type(acme)
    return lambda kind, **values: Sender(ada, acme, kind, **values)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_becomes_an_event(sender, acme: Workspace, kind: str):
    one = sender(kind)
    answer = one.send()
    assert (answer.content_type, answer.data) == ("application/json", b"{}")
    _, _, delivery, name = KINDS[kind]
    assert one.events() == [{"id": delivery, "event": name, "body": json.loads(BODY)}]
    event = Event.get((Event.workspace_id == acme.id) & (Event.type == "stripe.received"))
    assert (event.subject, event.actor) == (one.source.id, one.source.id)
    (receipt,) = one.receipts()
    assert receipt.body == BODY
    assert receipt.outcome == source_pb2.RECEIPT_OUTCOME_ACCEPTED
    assert receipt.event_id.startswith("evt_")
    assert SECRET not in str(receipt.headers)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_changed_is_refused_and_kept(sender, kind: str):
    one = sender(kind)
    wrong = WRONG.get(kind) or one.signs(BODY + b" ")
    for sent, body in ((wrong, BODY), ({}, BODY)):
        with pytest.raises(RpcError) as refused:
            one.send(body, sent)
        assert (refused.value.code, refused.value.reason) == ("UNAUTHENTICATED", "SOURCE_SIGNATURE_INVALID")
    assert not one.events()
    assert {receipt.outcome for receipt in one.receipts()} == {source_pb2.RECEIPT_OUTCOME_REFUSED}
    assert {receipt.error for receipt in one.receipts()} == {"SIGNATURE_WRONG", "SIGNATURE_MISSING"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "SLACK"])
def test_what_comes_again_makes_no_second_event(sender, kind: str):
    one = sender(kind)
    one.send()
    one.send()
    assert len(one.events()) == 1
    second, first = one.receipts()
    assert second.outcome == source_pb2.RECEIPT_OUTCOME_DUPLICATE
    assert second.event_id == first.event_id


@pytest.mark.parametrize(("kind", "signs"), [("STANDARD_WEBHOOKS", standard), ("STRIPE", stripe), ("SLACK", slack)])
@pytest.mark.parametrize("seconds", [-301, 302])
def test_an_old_or_early_timestamp_is_refused(sender, kind: str, signs: Signs, seconds: int):
    one = sender(kind)
    at = str(int((clock.now() + timedelta(seconds=seconds)).timestamp()))
    with pytest.raises(RpcError):
        one.send(BODY, signs(BODY, at))
    assert one.receipts()[0].error == "TIMESTAMP_OUT_OF_RANGE"
    almost = str(int((clock.now() + timedelta(seconds=seconds // 2)).timestamp()))
    one.send(BODY, signs(BODY, almost))


def test_the_published_vector_of_standard_webhooks_holds():
    # standard-webhooks/spec: the example that every library is tested with.
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert b64(mac(key, signed)) == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_headers_of_svix_are_those_of_standard_webhooks(sender):
    one = sender("STANDARD_WEBHOOKS")
    one.send(BODY, standard(BODY, prefix="svix"))
    assert one.events()[0]["id"] == "msg_1"


def test_slack_gets_its_challenge_back(sender):
    one = sender("SLACK")
    answer = one.send(b'{"type": "url_verification", "challenge": "3eZbrw1aB"}')
    assert (answer.content_type, answer.data) == ("text/plain", b"3eZbrw1aB")
    assert not one.events()


def test_an_event_of_slack_comes_once(sender):
    one = sender("SLACK")
    body = b'{"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_mention"}}'
    one.send(body)
    one.send(body)
    (event,) = one.events()
    assert (event["id"], event["event"]) == ("Ev1", "app_mention")


def test_a_ping_of_github_makes_no_event(sender):
    one = sender("GITHUB")
    one.send(BODY, github(BODY) | {"x-github-event": "ping"})
    assert not one.events()
    assert one.receipts()[0].outcome == source_pb2.RECEIPT_OUTCOME_ACCEPTED


def test_forms_are_read(sender):
    one = sender("SLACK")
    form = "application/x-www-form-urlencoded"
    one.send(urlencode({"command": "/weather", "text": "94070 é"}).encode(), content_type=form)
    one.send(urlencode({"payload": '{"type": "block_actions"}'}).encode(), content_type=form)
    assert [event["body"] for event in one.events()] == [
        {"command": "/weather", "text": "94070 é"},
        {"type": "block_actions"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"not json", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}'),
        *(b"[" * 100_000, b'{"a": "' + b"x" * 262_144 + b'"}'),
    ],
    ids=["empty", "text", "bytes", "nan", "nul", "surrogate", "deep", "large"],
)
def test_what_cannot_be_an_event_is_refused_and_kept(sender, body: bytes):
    one = sender("GITHUB")
    with pytest.raises(RpcError) as refused:
        one.send(body)
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "SOURCE_PAYLOAD_INVALID")
    (receipt,) = one.receipts()
    assert receipt.error == refused.value.message
    assert receipt.body == body[: 16 * 1024]


def test_the_schema_of_the_type_is_kept(ada: Person, acme: Workspace):
    make_type(acme, "order.sent", {"properties": {"body": {"required": ["amount"]}}})
    one = Sender(ada, acme, "GITHUB", event_type="order.sent")
    with pytest.raises(RpcError) as refused:
        one.send(b"{}")
    assert refused.value.reason == "SOURCE_PAYLOAD_INVALID"
    assert refused.value.violations
    one.send(b'{"amount": 1}')


def test_an_unknown_or_old_url_tells_nothing(sender, ada: Person, acme: Workspace):
    one = sender("GITHUB")
    names = {"workspace_id": ws(acme), "source_id": one.source.id}
    rotated = by(ada)(f"{SOURCES}RotateSourceUrl", pb.RotateSourceUrlRequest(**names))
    messages = set()
    for token in ("nonsense", "uds_" + "0" * 38, one.token):
        with pytest.raises(RpcError) as refused:
            one.send(token=token)
        assert refused.value.code == "NOT_FOUND"
        messages.add(refused.value.message)
    one.token = rotated.url.rpartition("/")[2]
    one.send()
    by(ada)(f"{SOURCES}DeleteSource", pb.DeleteSourceRequest(**names))
    with pytest.raises(RpcError) as refused:
        one.send()
    messages.add(refused.value.message)
    assert len(messages) == 1


def test_a_paused_source_takes_nothing(sender, ada: Person, acme: Workspace):
    one = sender("GITHUB")
    by(ada)(f"{SOURCES}PauseSource", pb.PauseSourceRequest(workspace_id=ws(acme), source_id=one.source.id))
    with pytest.raises(RpcError) as refused:
        one.send()
    assert refused.value.reason == "SOURCE_PAUSED"
    assert not one.events()


def test_refused_receipts_are_kept_up_to_sixty_a_minute(sender):
    one = sender("GITHUB")
    for _ in range(65):
        with pytest.raises(RpcError):
            one.send(BODY, {})
    assert Receipt.select().where(Receipt.workspace_id == one.workspace.id).count() == 60


def test_credentials_are_masked_in_receipts(sender):
    for kind, header in (("BASIC", "authorization"), ("API_KEY", "x-key")):
        one = sender(kind)
        one.send()
        headers = one.receipts()[0].headers
        assert headers[header] == "***"
        assert headers["content-type"] == "application/json"
        assert "x-client-address" not in headers
