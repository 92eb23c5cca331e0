"""One request to an address that a customer chose: guarded, bounded in time and in what is read of the answer.

Redirects are answers like others, nothing is decompressed, and an answer that is too long costs its connection. A
receiver may close a kept connection just when a request is written to it; the request is then sent once more on a new
one. So senders of what must not happen twice say by a key of their own that it is the same.
"""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from server.core.outbound import failing
from server.core.outbound.answering import Answered, AnswerTooLarge, Fault, RequestFailed
from server.core.outbound.connecting import (
    GuardedConnector,
    Phases,
    phases,
    resolver_of,
    session_of,
    timeout_of,
    tls_context,
)
from server.core.outbound.guard import check_url
from server.core.outbound.settings import OutboundSettings

_IDENTITY: Final = frozenset({"", "identity"})


class Client:
    """One per process, entered and left with `async with` on the loop that sends. Keeps connections and names."""

    def __init__(self, settings: OutboundSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Self:
        self._context = tls_context(self._settings)
        self._kept = self._opened(keep=True)
        # Where a kept connection failed, others to the same receiver may be as stale: this one keeps none.
        self._fresh = self._opened(keep=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._kept.close()
        await self._fresh.close()

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, seconds: float, most: int
    ) -> Answered:
        """The answer, of at most `most` bytes, within `seconds`. Raises RequestFailed and AnswerTooLarge."""
        made = Phases()
        phases.set(made)
        sent = {"accept": "*/*", **headers, "accept-encoding": "identity"}
        try:
            target = URL(check_url(url, self._settings), encoded=True)
            async with asyncio.timeout(seconds):
                try:
                    return await self._send(self._kept, method, target, sent, body, seconds, most)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if made.begun is not None or not failing.without_answer(error):
                        raise
                    return await self._send(self._fresh, method, target, sent, body, seconds, most)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise RequestFailed(*failing.told(error)) from error

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float,
        most: int,
    ) -> Answered:
        answer = await session.request(
            method, url, data=body, headers=headers, timeout=timeout_of(seconds), allow_redirects=False
        )
        try:
            read = await _read(answer, most)
        except BaseException:
            answer.close()
            raise
        answer.release()
        return Answered(answer.status, answer.headers, read)

    def _opened(self, *, keep: bool) -> aiohttp.ClientSession:
        resolver = resolver_of(self._settings)
        return session_of(GuardedConnector(self._settings, resolver, context=self._context, keep=keep))


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    if answer.headers.get("content-encoding", "").strip().lower() not in _IDENTITY:
        raise RequestFailed(Fault.PROTOCOL, "The receiver compressed its answer, which it was asked not to do.")
    if answer.method != "HEAD" and (answer.content_length or 0) > most:
        raise AnswerTooLarge
    body = b""
    while chunk := await answer.content.readany():
        body += chunk
        if len(body) > most:
            raise AnswerTooLarge
    return body
