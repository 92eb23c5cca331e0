"""What receives deliveries: verifies their signatures, tells of them, and sends them on when asked to."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp import web

from server.webhooks.sending import signing

#: How far a timestamp may be off, in seconds (Standard Webhooks 1.0: verifiers refuse what is too old or too new).
TOLERANCE: Final = 300
_MOST_BYTES: Final = 4 * 1024 * 1024
_SIGNED: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
#: What is sent on of a delivery's headers.
_FORWARDED: Final = (*_SIGNED, "content-type", "user-agent", "traceparent")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True)
class Received:
    """A delivery as it came, and what it was answered with."""

    event_id: str
    body: bytes
    is_genuine: bool
    status: int
    seconds: float
    #: What went wrong when it was sent on; empty when nothing did.
    fault: str = ""


class Receiver:
    """Answers on one path, which nobody guesses."""

    def __init__(
        self,
        key: bytes,
        tell: Callable[[Received], None],
        *,
        session: aiohttp.ClientSession,
        forward_to: str = "",
    ) -> None:
        self._key, self._tell = key, tell
        self._session, self._forward_to = session, forward_to

    def app(self, path: str) -> web.Application:
        """The server's application."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post(path, self._receive)
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        began = time.perf_counter()
        body = await request.read()
        is_genuine = self._verifies(request, body)
        answer, fault = web.Response(status=HTTPStatus.OK), ""
        if not is_genuine:
            answer = web.Response(status=HTTPStatus.UNAUTHORIZED, text="The signature does not match.")
        elif self._forward_to:
            answer, fault = await self._forward(request, body)
        event_id = request.headers.get("webhook-id", "")
        self._tell(Received(event_id, body, is_genuine, answer.status, time.perf_counter() - began, fault))
        return answer

    def _verifies(self, request: web.Request, body: bytes) -> bool:
        message_id, timestamp, signature = (request.headers.get(name, "") for name in _SIGNED)
        if not signing.verify(signing.HMAC_SHA256, [self._key], message_id, timestamp, signature, body):
            return False
        return abs(time.time() - int(timestamp)) <= TOLERANCE

    async def _forward(self, request: web.Request, body: bytes) -> tuple[web.Response, str]:
        """The answer of the URL that deliveries are sent on to."""
        headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
        try:
            async with self._session.post(
                self._forward_to, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                return web.Response(status=response.status, body=await response.read()), ""
        except (aiohttp.ClientError, TimeoutError) as error:
            fault = f"{self._forward_to} did not answer: {str(error) or type(error).__name__}"
            return web.Response(status=HTTPStatus.BAD_GATEWAY, text=fault), fault
