"""Signatures, by golden vectors and by judges who did not write them."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from server.webhooks.sending import signing
from server.webhooks.sending.signing import ED25519, HMAC_SHA256, SecretMalformed

ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
HMAC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HMAC_VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
ED_SECRET = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
ED_VECTOR = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

keys = st.binary(min_size=24, max_size=64)
message_ids = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z")
texts = st.text(st.characters(codec="utf-8"), max_size=200)

VERIFIER = Path(__file__).parent / "node" / "verify.js"
NODE = Path(sys.executable).with_name("node")


def signed(signature: str, secrets: list[bytes], message_id: str = ID, at: int = AT, body: bytes = BODY) -> str:
    return signing.sign([signing.signer(signature, secret) for secret in secrets], message_id, at, body)


@pytest.fixture(scope="module")
def node() -> Iterator[Any]:
    """The npm judge: takes a delivery, says whether its signature holds."""
    with subprocess.Popen(
        [str(NODE), str(VERIFIER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as judge:
        assert judge.stdin is not None
        assert judge.stdout is not None
        read, write = judge.stdout, judge.stdin

        def verified(delivery: dict[str, Any]) -> bool:
            write.write(json.dumps(delivery) + "\n")
            write.flush()
            answer = json.loads(read.readline())
            assert answer in (True, False)
            return bool(answer)

        yield verified
        write.close()


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@pytest.mark.parametrize(
    ("signature", "secret", "vector"), [(HMAC_SHA256, HMAC_SECRET, HMAC_VECTOR), (ED25519, ED_SECRET, ED_VECTOR)]
)
def test_golden_vectors(signature: str, secret: str, vector: str) -> None:
    key = signing.parse_secret(signature, secret)
    assert signed(signature, [key]) == vector
    assert signing.format_secret(signature, key) == secret


@settings(deadline=None)
@given(keys, message_ids, texts)
def test_the_python_library_verifies(key: bytes, message_id: str, body: str) -> None:
    at = now()
    header = signed(HMAC_SHA256, [key], message_id, at, body.encode())
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": header}
    webhook = Webhook(signing.format_secret(HMAC_SHA256, key))
    assert webhook.sign(message_id, datetime.fromtimestamp(at, UTC), body) == header
    webhook.verify(
        json.dumps(body),
        headers | {"webhook-signature": signed(HMAC_SHA256, [key], message_id, at, json.dumps(body).encode())},
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(keys, min_size=1, max_size=3, unique=True), message_ids, texts)
def test_the_node_library_verifies_with_each_secret(
    node: Any, secrets: list[bytes], message_id: str, body: str
) -> None:
    at = now()
    text = json.dumps({"text": body})
    delivery = {
        "payload": text,
        "headers": {
            "webhook-id": message_id,
            "webhook-timestamp": str(at),
            "webhook-signature": signed(HMAC_SHA256, secrets, message_id, at, text.encode()),
        },
    }
    for secret in secrets:
        assert node(delivery | {"secret": signing.format_secret(HMAC_SHA256, secret)})
    assert not node(delivery | {"secret": HMAC_SECRET})
    assert not node(delivery | {"secret": signing.format_secret(HMAC_SHA256, secrets[0]), "payload": text + " "})


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), message_ids, st.binary(max_size=200))
def test_ed25519_is_verified_by_the_public_key(seed: bytes, message_id: str, body: bytes) -> None:
    version, _, encoded = signed(ED25519, [seed], message_id, AT, body).partition(",")
    text = signing.public_key(seed)
    assert (version, text[:5]) == ("v1a", "whpk_")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(text[5:], validate=True))
    public.verify(base64.b64decode(encoded, validate=True), f"{message_id}.{AT}.".encode() + body)


@settings(deadline=None)
@given(
    st.sampled_from((HMAC_SHA256, ED25519)),
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4),
    message_ids,
)
def test_our_headers_follow_the_strict_grammar(signature: str, secrets: list[bytes], message_id: str) -> None:
    assert signing.well_formed(message_id, str(AT), signed(signature, secrets, message_id))


@pytest.mark.parametrize(
    ("message_id", "timestamp", "header"),
    [
        ("msg.1", str(AT), HMAC_VECTOR),
        ("", str(AT), HMAC_VECTOR),
        (ID, f"{AT}.5", HMAC_VECTOR),
        (ID, f" {AT}", HMAC_VECTOR),
        (ID, f"+{AT}", HMAC_VECTOR),
        (ID, f"{AT}\n", HMAC_VECTOR),
        (ID, str(AT), HMAC_VECTOR + " "),
        (ID, str(AT), HMAC_VECTOR + "  " + HMAC_VECTOR),
        (ID, str(AT), HMAC_VECTOR + "," + HMAC_VECTOR),
        (ID, str(AT), HMAC_VECTOR.removesuffix("=")),
        (ID, str(AT), HMAC_VECTOR.replace("v1,", "v2,")),
        (ID, str(AT), HMAC_VECTOR.replace("+", "-")),
        (ID, str(AT), ""),
    ],
)
def test_lenient_forms_are_not_well_formed(message_id: str, timestamp: str, header: str) -> None:
    assert not signing.well_formed(message_id, timestamp, header)
    assert not signing.verify(
        HMAC_SHA256, [signing.parse_secret(HMAC_SHA256, HMAC_SECRET)], message_id, timestamp, header, BODY
    )


@settings(deadline=None)
@given(st.sampled_from((HMAC_SHA256, ED25519)), st.binary(min_size=32, max_size=32), st.binary(max_size=50))
def test_verify_takes_what_sign_gave_and_nothing_else(signature: str, key: bytes, body: bytes) -> None:
    header = signed(signature, [key], ID, AT, body)
    public = base64.b64decode(signing.public_key(key).removeprefix("whpk_")) if signature == ED25519 else key
    assert signing.verify(signature, [public], ID, str(AT), header, body)
    assert not signing.verify(signature, [public], ID, str(AT + 1), header, body)
    assert not signing.verify(signature, [public], ID + "x", str(AT), header, body)
    assert not signing.verify(signature, [public], ID, str(AT), header, body + b" ")
    other = signing.new_secret(signature)
    assert not signing.verify(
        signature, [other if signature == HMAC_SHA256 else public[::-1]], ID, str(AT), header, body
    )


@settings(deadline=None)
@given(st.sampled_from((HMAC_SHA256, ED25519)), st.data())
def test_secrets_survive_their_text(signature: str, data: st.DataObject) -> None:
    key = data.draw(keys if signature == HMAC_SHA256 else st.binary(min_size=32, max_size=32))
    assert signing.parse_secret(signature, signing.format_secret(signature, key)) == key


def test_new_secrets_differ_and_fit() -> None:
    for signature in (HMAC_SHA256, ED25519):
        first, second = signing.new_secret(signature), signing.new_secret(signature)
        assert first != second
        assert signing.parse_secret(signature, signing.format_secret(signature, first)) == first


@pytest.mark.parametrize(
    ("signature", "text"),
    [
        (HMAC_SHA256, ""),
        (HMAC_SHA256, "whsec_"),
        (HMAC_SHA256, base64.b64encode(bytes(32)).decode()),
        (HMAC_SHA256, "whsec_" + base64.b64encode(bytes(23)).decode()),
        (HMAC_SHA256, "whsec_" + base64.b64encode(bytes(65)).decode()),
        (HMAC_SHA256, HMAC_SECRET + "\n"),
        (HMAC_SHA256, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS\u00e9"),
        (HMAC_SHA256, ED_SECRET),
        (ED25519, HMAC_SECRET),
        (ED25519, "whsk_" + base64.b64encode(bytes(31)).decode()),
        (ED25519, "whsk_" + base64.b64encode(bytes(64)).decode()),
        (ED25519, "whpk_" + base64.b64encode(bytes(32)).decode()),
    ],
)
def test_malformed_secrets_are_refused_with_what_to_write(signature: str, text: str) -> None:
    with pytest.raises(SecretMalformed, match=r"Write whs"):
        signing.parse_secret(signature, text)
