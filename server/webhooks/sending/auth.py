"""How the product shows receivers who it is, beside the signature: tokens that are fetched, and client certificates."""

import asyncio
import json
import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import quote_plus

import aiohttp
from aiohttp import encode_basic_auth

from server.core.outbound.connecting import TlsContext, tls_context
from server.core.outbound.guard import check_url
from server.webhooks.sending.types import Auth, Basic, Bearer, MutualTls, OAuth2, SendingSettings

_TOKEN_SECONDS: Final = 10.0
_MAX_ANSWER: Final = 64 * 1024
_MAX_TOKEN: Final = 8192
#: How long a token is used whose answer does not say (RFC 6749 §5.1 leaves it open), and how early one is renewed.
_LASTS: Final = 300.0
_MARGIN: Final = 0.1
_MOST: Final = 10_000
_OK: Final = 200


class AuthorizationUnavailable(Exception):
    """The credential for a receiver cannot be had. One sentence for the customer."""


def authorization(auth: Auth) -> str | None:
    """The Authorization header that never changes, if the endpoint has one."""
    match auth:
        case Basic(username, password):
            return encode_basic_auth(username, password, encoding="utf-8")
        case Bearer(token):
            return f"Bearer {token}"
    return None


def client_context(auth: Auth, settings: SendingSettings) -> TlsContext | None:
    """A TLS context with the client certificate of `auth`, None when it has none. Raises AuthorizationUnavailable.

    OpenSSL reads certificates from files alone; this file is in memory and has no name.
    """
    if not isinstance(auth, MutualTls):
        return None
    context = tls_context(settings)
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, f"{auth.certificate}\n{auth.private_key}".encode())
        # Without a password OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise AuthorizationUnavailable("The client certificate and its key cannot be used.") from error
    finally:
        os.close(descriptor)
    return context


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    until: float


class Tokens:
    """Access tokens of OAuth 2.0 client credentials: fetched once for all who wait, kept while they last."""

    def __init__(self, session: aiohttp.ClientSession, settings: SendingSettings) -> None:
        self._session = session
        self._settings = settings
        self._tokens: dict[OAuth2, _Token] = {}
        self._fetches: dict[OAuth2, asyncio.Task[str]] = {}

    async def of(self, auth: OAuth2) -> str:
        """A token that should still hold. Raises AuthorizationUnavailable and TimeoutError."""
        token = self._tokens.get(auth)
        if token is not None and token.until > monotonic():
            return token.text
        fetch = self._fetches.get(auth)
        if fetch is None:
            fetch = self._fetches[auth] = asyncio.create_task(self._fetch(auth))
            fetch.add_done_callback(lambda done: self._ended(auth, done))
        # One who gives up waiting must not end it for the others.
        return await asyncio.shield(fetch)

    def forget(self, auth: OAuth2, token: str) -> None:
        """Do not use `token` again: a receiver refused it."""
        held = self._tokens.get(auth)
        if held is not None and held.text == token:
            del self._tokens[auth]

    async def close(self) -> None:
        """End what is being fetched."""
        for fetch in list(self._fetches.values()):
            fetch.cancel()
        await asyncio.gather(*self._fetches.values(), return_exceptions=True)

    def _ended(self, auth: OAuth2, fetch: asyncio.Task[str]) -> None:
        self._fetches.pop(auth, None)
        if not fetch.cancelled():
            # Those who wait have it from the task; without any, nobody is to be told that it was never retrieved.
            fetch.exception()

    async def _fetch(self, auth: OAuth2) -> str:
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        # RFC 6749 §2.3.1: both parts are form-encoded first.
        basic = encode_basic_auth(quote_plus(auth.client_id), quote_plus(auth.client_secret), encoding="utf-8")
        try:
            async with asyncio.timeout(_TOKEN_SECONDS):
                answer = await self._session.post(
                    check_url(auth.token_url, self._settings),
                    data=form,
                    headers={"authorization": basic, "accept": "application/json"},
                    allow_redirects=False,
                )
                try:
                    text = await _bounded(answer.content.readany)
                finally:
                    answer.close()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AuthorizationUnavailable("The token endpoint did not answer.") from error
        if answer.status != _OK:
            raise AuthorizationUnavailable(f"The token endpoint answered {answer.status}.")
        token, lasts = _read(text)
        while len(self._tokens) >= _MOST:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[auth] = _Token(token, monotonic() + lasts * (1 - _MARGIN))
        return token


async def _bounded(read: Callable[[], Awaitable[bytes]]) -> bytes:
    text = b""
    while chunk := await read():
        text += chunk
        if len(text) > _MAX_ANSWER:
            raise ValueError("the answer is too long")
    return text


def _read(text: bytes) -> tuple[str, float]:
    try:
        answer: Any = json.loads(text)
        token, kind = answer["access_token"], answer.get("token_type", "bearer")
        lasts = float(answer.get("expires_in") or _LASTS)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise AuthorizationUnavailable("The token endpoint's answer holds no access token.") from error
    fits = isinstance(token, str) and token.isascii() and token.isprintable() and 0 < len(token) <= _MAX_TOKEN
    if not fits or str(kind).lower() != "bearer" or not lasts > 0:
        raise AuthorizationUnavailable("The token endpoint's answer holds no bearer token.")
    return token, lasts
