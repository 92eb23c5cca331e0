"""The programs of docs/webhooks-verifying.md, run as they stand there against what the product sends."""

import asyncio
import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import time

import pytest

from server.webhooks.sending import signing
from server.webhooks.sending.signing import ED25519, HMAC_SHA256
from tests.webhooks.sending.receivers import Receiver, receiving, run
from udb.conf import ROOT

BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "webhooks-verifying.md").read_text(), re.DOTALL)
HMAC_PYTHON, ED25519_PYTHON = [text for language, text in BLOCKS if language == "python"]
[JAVASCRIPT] = [text for language, text in BLOCKS if language == "javascript"]
SHELL = next(text for language, text in BLOCKS if language == "sh")
NODE = Path(sys.executable).with_name("node")

SECRET = bytes(range(40))
SEED = bytes(range(32))
ID = "evt_01jbrk8xw7e5tvh2c9n4m6q0za"
BODY = '{"type":"order.paid","data":{"name":"Jörg"}}'.encode()

Verify = Callable[[str, dict[str, str], bytes], bool]


def in_python(program: str) -> Verify:
    names: dict[str, Verify] = {}
    exec(program, names)  # noqa: S102 - the guide's own text
    return names["verify"]


def in_node(key: str, headers: dict[str, str], body: bytes) -> bool:
    call = (
        "const [key, headers, body] = JSON.parse(require('node:fs').readFileSync(0));"
        "console.log(verify(key, headers, Buffer.from(body, 'base64')));"
    )
    given = json.dumps([key, headers, base64.b64encode(body).decode()])
    done = subprocess.run(
        [str(NODE), "-e", JAVASCRIPT + call], input=given, capture_output=True, text=True, check=True, timeout=30
    )
    return bool(json.loads(done.stdout))


def delivered(signature: str, *keys: bytes, ago: int = 0) -> dict[str, str]:
    timestamp = int(time()) - ago
    signers = [signing.signer(signature, key) for key in keys]
    return {
        "webhook-id": ID,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signing.sign(signers, ID, timestamp, BODY),
    }


@pytest.mark.parametrize(
    ("verify", "signature", "key", "text"),
    [
        (in_python(HMAC_PYTHON), HMAC_SHA256, SECRET, signing.format_secret(HMAC_SHA256, SECRET)),
        (in_python(ED25519_PYTHON), ED25519, SEED, signing.public_key(SEED)),
        (in_node, HMAC_SHA256, SECRET, signing.format_secret(HMAC_SHA256, SECRET)),
        (in_node, ED25519, SEED, signing.public_key(SEED)),
    ],
    ids=["python-hmac", "python-ed25519", "javascript-hmac", "javascript-ed25519"],
)
def test_the_programs_take_what_the_product_sends_and_nothing_else(
    verify: Verify, signature: str, key: bytes, text: str
) -> None:
    headers = delivered(signature, key)
    assert verify(text, headers, BODY)
    assert verify(text, delivered(signature, signing.new_secret(signature), key), BODY)
    assert not verify(text, headers, BODY + b" ")
    assert not verify(text, headers | {"webhook-id": ID + "x"}, BODY)
    assert not verify(text, delivered(signature, signing.new_secret(signature)), BODY)
    assert not verify(text, delivered(signature, key, ago=400), BODY)
    assert not verify(text, delivered(signature, key, ago=-400), BODY)
    assert not verify(text, headers | {"webhook-timestamp": "soon"}, BODY)
    assert not verify(text, headers | {"webhook-signature": "v1,AAAA v1a,AAAA"}, BODY)
    assert not verify(text, {}, BODY)


def test_curl_sends_what_receivers_take() -> None:
    secret = signing.format_secret(HMAC_SHA256, SECRET)

    async def work() -> Receiver:
        async with receiving() as receiver:
            command = ["bash", "-euc", SHELL + 'send "$@"', "guide", receiver.url(), secret, BODY.decode()]
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, check=True, timeout=30
            )
            assert done.stdout == "200\n"
            return receiver

    [request] = run(work()).requests
    assert request.body == BODY
    message_id, timestamp, signature = (request.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    assert signing.verify(HMAC_SHA256, [SECRET], message_id, timestamp, signature, request.body)
