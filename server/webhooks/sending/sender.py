"""Sends events to endpoints: one POST an attempt, bounded in time and in what is read of the answer.

A receiver has answered once the head of its answer is there: the status counts, and the body is read for the record
alone, 16 KiB and two seconds at most. An answer that is longer costs its connection, it is never drained.

A receiver may close a kept connection just when a request is written to it. Nobody can tell whether it was read, so the
request is sent once more, on a new connection and within the same attempt; `webhook-id` and timestamp are the same, and
the outcome says `resent`. Counting a failure instead would punish receivers for ending idle connections.
"""

import asyncio
import ssl
from datetime import datetime
from time import perf_counter
from types import TracebackType
from typing import Final, Self

import aiohttp
import structlog
from multidict import CIMultiDict

from server.core import clock
from server.core.outbound import answers
from server.core.outbound.connecting import (
    Answer,
    GuardedConnector,
    Phases,
    phases,
    resolver_of,
    session_of,
    tls_context,
)
from server.core.outbound.failing import without_answer
from server.webhooks.sending import bodies, failing, preparing, signing
from server.webhooks.sending.auth import Tokens
from server.webhooks.sending.preparing import Preparations, Prepared
from server.webhooks.sending.types import ErrorKind, Outcome, Outgoing, SendingSettings, Target

MAX_RESPONSE: Final = 16 * 1024
_BODY_SECONDS: Final = 2.0

_SUCCESS: Final = range(200, 300)
_UNAUTHORIZED: Final = 401

_log = structlog.get_logger(__name__)


class _Attempt:
    """What is known of an attempt so far."""

    __slots__ = ("answer", "began", "body", "first_byte", "phases", "resent", "start", "token")

    def __init__(self) -> None:
        self.start: datetime = clock.now()
        self.began = perf_counter()
        self.phases = Phases()
        self.answer: Answer | None = None
        self.first_byte: float | None = None
        self.body = b""
        self.resent = False
        self.token: str | None = None

    def since(self) -> float:
        return (perf_counter() - self.began) * 1000


class Sender:
    """One per process, entered and left with `async with` on the loop that sends. Keeps connections, names, tokens."""

    def __init__(self, settings: SendingSettings) -> None:
        self._settings = settings
        self._prepared = Preparations(settings)

    async def __aenter__(self) -> Self:
        context = tls_context(self._settings)
        self._session = self._opened(context, keep=True)
        # Where a kept connection failed, others to the same receiver may be as stale: this one keeps none.
        self._fresh = self._opened(context, keep=False)
        self._tokens = Tokens(self._session, self._settings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tokens.close()
        await self._session.close()
        await self._fresh.close()

    async def send(self, target: Target, event: Outgoing) -> Outcome:
        """One attempt. Never raises for what a receiver, a name server or a token endpoint does."""
        attempt = _Attempt()
        phases.set(attempt.phases)
        try:
            prepared = self._prepared.of(target)
            message_id = preparing.message_id(event.event_id)
            body = bodies.body_of(
                event, message_id=message_id, format=target.format, transformation=target.transformation
            )
            fields = _signed(prepared, event, message_id, int(attempt.start.timestamp()), body)
            if prepared.oauth is None:
                await self._post(attempt, prepared, fields, body)
            else:
                async with asyncio.timeout(target.timeout):
                    await self._post_with_token(attempt, prepared, fields, body)
        except Exception as error:  # noqa: BLE001 - whatever happens to one attempt is its outcome
            return _failed(attempt, error)
        return _answered(attempt)

    async def _post_with_token(
        self, attempt: _Attempt, prepared: Prepared, fields: CIMultiDict[str], body: bytes
    ) -> None:
        """Post with an access token; when the receiver refuses it, once more with a new one."""
        auth = prepared.oauth
        if auth is None:
            raise ValueError("the endpoint has no OAuth 2.0")
        token = await self._tokens.of(auth)
        fields[preparing.AUTHORIZATION] = f"Bearer {token}"
        await self._post(attempt, prepared, fields, body)
        if attempt.answer is not None and attempt.answer.status == _UNAUTHORIZED:
            self._tokens.forget(auth, token)
            newer = await self._tokens.of(auth)
            if newer != token:
                fields[preparing.AUTHORIZATION] = f"Bearer {newer}"
                await self._post(attempt, prepared, fields, body)

    async def _post(self, attempt: _Attempt, prepared: Prepared, fields: CIMultiDict[str], body: bytes) -> None:
        try:
            await self._request(self._session, attempt, prepared, fields, body)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if attempt.phases.begun is not None or not without_answer(error):
                raise
            attempt.resent = True
            await self._request(self._fresh, attempt, prepared, fields, body)

    async def _request(
        self,
        session: aiohttp.ClientSession,
        attempt: _Attempt,
        prepared: Prepared,
        fields: CIMultiDict[str],
        body: bytes,
    ) -> None:
        answer = await session.post(
            prepared.url,
            data=body,
            headers=fields,
            timeout=prepared.timeout,
            allow_redirects=False,
            ssl=prepared.tls,
        )
        attempt.first_byte = attempt.since()
        attempt.answer = answer  # type: ignore[assignment] # the session makes no other
        attempt.body = await _read(answer)

    def _opened(self, context: ssl.SSLContext, *, keep: bool) -> aiohttp.ClientSession:
        connector = GuardedConnector(self._settings, resolver_of(self._settings), context=context, keep=keep)
        return session_of(connector)


def _signed(prepared: Prepared, event: Outgoing, message_id: str, timestamp: int, body: bytes) -> CIMultiDict[str]:
    fields = prepared.headers.copy()
    fields[preparing.ID] = message_id
    fields[preparing.TIMESTAMP] = str(timestamp)
    fields[preparing.SIGNATURE] = signing.sign(prepared.signers, message_id, timestamp, body)
    if event.trace_parent:
        fields[preparing.TRACE_PARENT] = event.trace_parent
    return fields


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The beginning of the answer's body. What is not at its end then is closed."""
    content = answer.content
    if content.is_eof():
        return content.read_nowait()[:MAX_RESPONSE]
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while len(body) <= MAX_RESPONSE:
                chunk = await content.readany()
                if not chunk:
                    return body[:MAX_RESPONSE]
                body += chunk
    except (TimeoutError, aiohttp.ClientError, OSError):
        # The receiver has answered; that it did not say all of it changes nothing.
        pass
    answer.close()
    return body[:MAX_RESPONSE]


def _answered(attempt: _Attempt) -> Outcome:
    answer = attempt.answer
    if answer is None:
        raise ValueError("an attempt that did not fail has an answer")
    dns, connect, tls = attempt.phases.milliseconds()
    succeeded = answer.status in _SUCCESS
    wait = None if succeeded else answers.retry_after(answer.headers.get("retry-after"), clock.now())
    return Outcome(
        start=attempt.start,
        dns_ms=dns,
        connect_ms=connect,
        tls_ms=tls,
        first_byte_ms=attempt.first_byte,
        total_ms=attempt.since(),
        status=answer.status,
        error=ErrorKind.NONE if succeeded else ErrorKind.HTTP_STATUS,
        response_headers=answers.kept(answer.headers),
        response_body=attempt.body,
        address=answer.address,
        retry_after=wait,
        detail="" if succeeded else f"The receiver answered {answer.status}.",
        resent=attempt.resent,
    )


def _failed(attempt: _Attempt, error: Exception) -> Outcome:
    kind, detail = failing.told(error)
    if kind is ErrorKind.INTERNAL:
        _log.error("an attempt failed for a reason of ours", exc_info=error)
    dns, connect, tls = attempt.phases.milliseconds()
    return Outcome(
        start=attempt.start,
        dns_ms=dns,
        connect_ms=connect,
        tls_ms=tls,
        first_byte_ms=None,
        total_ms=attempt.since(),
        status=None,
        error=kind,
        response_headers={},
        response_body=b"",
        address=attempt.phases.address,
        retry_after=None,
        detail=detail,
        resent=attempt.resent,
    )
