"""What can be made ready of a target before its first event, and is then used for all."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

import aiohttp
from multidict import CIMultiDict, istr
from yarl import URL

from server.core import ids
from server.core.outbound import guard
from server.core.outbound.connecting import timeout_of
from server.webhooks.sending import auth, bodies, signing
from server.webhooks.sending.signing import Sign
from server.webhooks.sending.types import OAuth2, SendingSettings, Target

ID: Final = istr("webhook-id")
TIMESTAMP: Final = istr("webhook-timestamp")
SIGNATURE: Final = istr("webhook-signature")
TRACE_PARENT: Final = istr("traceparent")
AUTHORIZATION: Final = istr("authorization")

_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A target with its URL parsed and judged, its headers, keys and TLS context made."""

    target: Target
    url: URL
    headers: CIMultiDict[str]
    signers: Sequence[Sign]
    timeout: aiohttp.ClientTimeout
    tls: ssl.SSLContext | bool
    oauth: OAuth2 | None


class Preparations:
    """Prepared targets, each made once for as long as callers keep the same object."""

    def __init__(self, settings: SendingSettings) -> None:
        self._settings = settings
        self._prepared: dict[int, Prepared] = {}

    def of(self, target: Target) -> Prepared:
        """Raises UrlForbidden, AuthorizationUnavailable, and ValueError for keys that do not fit."""
        found = self._prepared.get(id(target))
        if found is None:
            if len(self._prepared) >= _MOST:
                self._prepared.clear()
            # The entry holds the target, so that no other object can get its id meanwhile.
            found = self._prepared[id(target)] = self._make(target)
        return found

    def _make(self, target: Target) -> Prepared:
        headers = CIMultiDict({istr(name): value for name, value in target.headers.items()})
        headers[istr("content-type")] = bodies.CONTENT_TYPES[target.format]
        headers[istr("user-agent")] = self._settings.user_agent
        headers[istr("accept")] = "*/*"
        headers[istr("accept-encoding")] = "identity"
        fixed = auth.authorization(target.auth)
        if fixed is not None:
            headers[AUTHORIZATION] = fixed
        return Prepared(
            target=target,
            url=URL(guard.check_url(target.url, self._settings), encoded=True),
            headers=headers,
            signers=[signing.signer(target.signature, secret) for secret in target.secrets],
            timeout=timeout_of(target.timeout),
            tls=auth.client_context(target.auth, self._settings) or True,
            oauth=target.auth if isinstance(target.auth, OAuth2) else None,
        )


@lru_cache(maxsize=16_384)
def message_id(event_id: UUID) -> str:
    """The `webhook-id` of an event: the same over all attempts, endpoints and replays."""
    return ids.encode("evt", event_id)
