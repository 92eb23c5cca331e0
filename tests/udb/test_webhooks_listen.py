"""`udb webhooks listen`, as a developer runs it, against a product that a server of the test plays."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from server.webhooks.sending import signing
from tests.udb.serving import serving
from udb.conf import ROOT

ENDPOINT = "whe_01jbrk8xw7e5tvh2c9n4m6q0za"
WORKSPACE = "ws_01jbrk8xw7e5tvh2c9n4m6q0za"
EVENT = "evt_01jbrk8xw7e5tvh2c9n4m6q0za"
BODY = json.dumps({"type": "order.paid", "data": {"amount": 5, "who": "Zoë"}}, ensure_ascii=False).encode()


@dataclass
class Product:
    """Answers what listening asks, and keeps what it was asked. `refusal` is what creating an endpoint fails with."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    endpoint: dict[str, Any] = field(default_factory=dict)
    created: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: dict[str, Any] | None = None
    present: list[dict[str, Any]] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    unreadable: bool = False
    login: dict[str, Any] = field(default_factory=lambda: {"accessToken": "token"})

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append((request.method, request.path, request.headers.get("authorization", "")))
        if request.path == "/v1/auth/login":
            return web.json_response(self.login)
        if request.method == "DELETE":
            return web.json_response({})
        if request.method == "GET" and self.unreadable:
            return web.json_response({"message": "The key has no scope for this."}, status=403)
        if request.method == "GET":
            self.filters.append(request.query["filter"])
            return web.json_response({"endpoints": self.present})
        if self.refusal:
            return web.json_response(self.refusal, status=400)
        self.endpoint = await request.json()
        self.created.set()
        return web.json_response({"id": ENDPOINT, **self.endpoint})


@asynccontextmanager
async def listening(url: str, *arguments: str, key: str = "udw_key") -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, running."""
    command = ("-m", "udb", "webhooks", "listen", "--workspace", WORKSPACE, "--url", url, "--api-key", key)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, *arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def headers(product: Product, *, at: float | None = None) -> dict[str, str]:
    """What the product sends with a delivery."""
    timestamp = int(at or time.time())
    sign = signing.signer(signing.HMAC_SHA256, signing.parse_secret(signing.HMAC_SHA256, product.endpoint["secret"]))
    signature = signing.sign([sign], EVENT, timestamp, BODY)
    return {"webhook-id": EVENT, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


async def deliver(product: Product, changed: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and text of what the listener answers to a delivery."""
    await asyncio.wait_for(product.created.wait(), 60)
    given = headers(product) | (changed or {})
    async with (
        aiohttp.ClientSession() as session,
        session.post(product.endpoint["url"], data=BODY, headers=given) as answer,
    ):
        return answer.status, await answer.text()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Status, output and errors of the command."""
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, output.decode(), errors.decode()


def test_a_delivery_is_verified_printed_and_answered_and_the_endpoint_deleted() -> None:
    async def scene() -> None:
        product = Product()
        async with (
            serving(product.answer) as url,
            listening(url, "--event-type", "order.*", "--count", "1") as process,
        ):
            assert await deliver(product) == (200, "")
            status, output, errors = await ended(process)
        assert (status, errors) == (0, "")
        assert f"Listening to order.* of {WORKSPACE} at {product.endpoint['url']}" in output
        assert f"order.paid  {EVENT}  ✓ signed  200" in output
        assert '"who": "Zoë"' in output
        assert "1 delivery. The endpoint is deleted." in output
        endpoints = f"/v1/workspaces/{WORKSPACE}/endpoints"
        bearer = "Bearer udw_key"
        assert product.calls == [
            ("GET", endpoints, bearer),
            ("POST", endpoints, bearer),
            ("DELETE", f"{endpoints}/{ENDPOINT}", bearer),
        ]
        assert product.endpoint["url"].startswith("http://127.0.0.2:")
        assert product.endpoint["eventTypes"] == ["order.*"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "evt_other"},
        {"webhook-timestamp": "1000000000"},
        {"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": ""},
    ],
)
def test_what_is_not_signed_by_the_product_is_refused_and_told_of(changed: dict[str, str]) -> None:
    async def scene() -> None:
        product = Product()
        async with serving(product.answer) as url, listening(url, "--count", "1") as process:
            assert (await deliver(product, changed))[0] == 401
            _, output, _ = await ended(process)
        assert "✗ signature does not match  401" in output

    asyncio.run(scene())


def test_an_old_delivery_is_refused_although_its_signature_holds() -> None:
    async def scene() -> None:
        product = Product()
        async with serving(product.answer) as url, listening(url, "--count", "1") as process:
            await asyncio.wait_for(product.created.wait(), 60)
            assert (await deliver(product, headers(product, at=time.time() - 3600)))[0] == 401
            await ended(process)

    asyncio.run(scene())


def test_deliveries_are_sent_on_as_they_came_and_the_answer_given_back() -> None:
    async def scene() -> None:
        product, forwarded = Product(), []

        async def receive(request: web.Request) -> web.Response:
            forwarded.append((await request.read(), request.headers["webhook-signature"]))
            return web.Response(status=422, text="No such order")

        async with (
            serving(product.answer) as url,
            serving(receive) as mine,
            listening(url, "--forward-to", f"{mine}/hooks", "--count", "1") as process,
        ):
            assert await deliver(product) == (422, "No such order")
            _, output, _ = await ended(process)
        ((body, signature),) = forwarded
        assert body == BODY
        assert signature.startswith("v1,")
        assert "✓ signed  422" in output

    asyncio.run(scene())


def test_where_nobody_takes_it_the_product_hears_of_it() -> None:
    async def scene() -> None:
        product = Product()
        arguments = ("--forward-to", "http://127.0.0.1:1/hooks", "--count", "1")
        async with serving(product.answer) as url, listening(url, *arguments) as process:
            assert (await deliver(product))[0] == 502
            _, output, _ = await ended(process)
        assert "http://127.0.0.1:1/hooks did not answer" in output

    asyncio.run(scene())


def test_ctrl_c_deletes_the_endpoint() -> None:
    async def scene() -> None:
        product = Product()
        async with serving(product.answer) as url, listening(url) as process:
            await asyncio.wait_for(product.created.wait(), 60)
            process.send_signal(signal.SIGINT)
            status, output, _ = await ended(process)
        assert status == 0
        assert "0 deliveries. The endpoint is deleted." in output
        assert [method for method, _, _ in product.calls] == ["GET", "POST", "DELETE"]

    asyncio.run(scene())


def test_endpoints_of_listeners_that_were_killed_go() -> None:
    async def scene() -> None:
        product = Product()
        async with serving(product.answer) as url:
            async with listening(url) as process:
                await asyncio.wait_for(product.created.wait(), 60)
                process.kill()
                await process.wait()
            killed = {"id": "whe_killed", "labels": product.endpoint["labels"]}
            living = {"id": "whe_living", "labels": killed["labels"] | {"udb-process": str(os.getpid())}}
            product.present, product.calls = [killed, living], []
            product.created.clear()
            async with listening(url):
                await asyncio.wait_for(product.created.wait(), 60)
        machine = killed["labels"]["udb-machine"]
        assert product.filters[-1] == f'label = "udb-machine={machine}"'
        calls = [(method, path.rpartition("/")[2]) for method, path, _ in product.calls]
        assert calls == [("GET", "endpoints"), ("DELETE", "whe_killed"), ("POST", "endpoints")]

    asyncio.run(scene())


def test_a_key_that_may_not_read_can_listen() -> None:
    async def scene() -> None:
        product = Product(unreadable=True)
        async with serving(product.answer) as url, listening(url, "--count", "1") as process:
            assert await deliver(product) == (200, "")
            assert (await ended(process))[0] == 0

    asyncio.run(scene())


def test_a_product_that_may_not_send_here_is_told_how_to() -> None:
    async def scene() -> None:
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ENDPOINT_URL_FORBIDDEN"}
        product = Product(refusal={"code": 3, "message": "Not to this URL.", "details": [reason]})
        async with serving(product.answer) as url, listening(url) as process:
            status, _, errors = await ended(process)
        assert status == 1
        assert "WEBHOOK_ALLOW_HTTP=true WEBHOOK_ALLOWED_NETWORKS=127.0.0.2/32" in errors

    asyncio.run(scene())


def test_other_refusals_are_told_in_the_products_own_words() -> None:
    async def scene() -> None:
        fault = {"field": "endpoint.event_types[0]", "description": "must be a type"}
        details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [fault]}]
        product = Product(refusal={"code": 3, "message": "Correct the fields.", "details": details})
        async with serving(product.answer) as url, listening(url) as process:
            status, _, errors = await ended(process)
        assert (status, errors) == (1, "udb: Correct the fields.\n  endpoint.event_types[0] must be a type\n")

    asyncio.run(scene())


def test_nobody_answers_at_the_url() -> None:
    async def scene() -> None:
        async with listening("http://127.0.0.1:1") as process:
            status, _, errors = await ended(process)
        assert status == 1
        assert errors.startswith("udb: The product does not answer at http://127.0.0.1:1")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--api-key", ""), "udb: Give an API key"),
        (("--listen-on", "8080"), "udb: --listen-on is an address and a port"),
        (("--listen-on", "192.0.2.1:0"), "udb: Nothing can listen on 192.0.2.1:0"),
    ],
)
def test_what_cannot_work_is_told(arguments: tuple[str, str], expected: str) -> None:
    async def scene() -> None:
        product = Product()
        async with serving(product.answer) as url, listening(url, *arguments) as process:
            status, _, errors = await ended(process)
        assert status == 1
        assert errors.startswith(expected)

    asyncio.run(scene())
