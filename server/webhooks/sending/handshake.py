"""Asking a receiver whether it wants webhooks: the validation handshake of CloudEvents HTTP Webhook 1.0, section 4."""

import re
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from server.core.outbound.connecting import GuardedConnector, resolver_of, session_of, timeout_of, tls_context
from server.core.outbound.guard import check_url
from server.webhooks.sending import failing
from server.webhooks.sending.types import SendingSettings

_ORIGIN: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")
_RATE: Final = re.compile(r"[1-9][0-9]{0,8}")
_SUCCESS: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a receiver said. `rate` is how many requests a minute it wants at most, None for any number.

    `status` is None when no answer came; `detail` says in one sentence why it did not consent.
    """

    allowed: bool
    rate: int | None = None
    status: int | None = None
    detail: str = ""


async def options_handshake(
    url: str,
    origin: str,
    *,
    settings: SendingSettings,
    rate: int | None = None,
    seconds: float = 10.0,
    resolver: AbstractResolver | None = None,
) -> Consent:
    """Ask the receiver at `url` whether `origin`, the DNS name of the sender, may send `rate` requests a minute.

    Never raises for what a receiver does; raises ValueError when `origin` is no DNS name or `rate` is not positive.
    """
    asked = {"WebHook-Request-Origin": origin, "User-Agent": settings.user_agent, "Accept-Encoding": "identity"}
    if rate is not None:
        asked["WebHook-Request-Rate"] = str(rate)
    if not _ORIGIN.fullmatch(origin) or (rate is not None and not _RATE.fullmatch(str(rate))):
        raise ValueError("the origin is a DNS name and the rate a positive number")
    connector = GuardedConnector(settings, resolver or resolver_of(settings), context=tls_context(settings), keep=False)
    async with session_of(connector) as session:
        try:
            answer = await session.options(
                URL(check_url(url, settings), encoded=True),
                headers=asked,
                timeout=timeout_of(seconds),
                allow_redirects=False,
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Consent(allowed=False, detail=failing.told(error)[1])
        # The answer stands in its head.
        answer.close()
        return _read(answer, origin, asked_rate=rate)


def _read(answer: aiohttp.ClientResponse, origin: str, *, asked_rate: int | None) -> Consent:
    if answer.status not in _SUCCESS:
        return Consent(allowed=False, status=answer.status, detail=f"The receiver answered {answer.status}.")
    origins = answer.headers.getall("WebHook-Allowed-Origin", [])
    if not any(allowed.strip() == "*" or allowed.strip().lower() == origin.lower() for allowed in origins):
        return Consent(allowed=False, status=answer.status, detail="The receiver's answer does not allow this origin.")
    allowed_rate = answer.headers.get("WebHook-Allowed-Rate", "").strip()
    if _RATE.fullmatch(allowed_rate):
        return Consent(allowed=True, rate=int(allowed_rate), status=answer.status)
    if asked_rate is not None and allowed_rate != "*":
        return Consent(allowed=False, status=answer.status, detail="The receiver's answer has no WebHook-Allowed-Rate.")
    return Consent(allowed=True, status=answer.status)
