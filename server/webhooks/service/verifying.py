"""Asking a receiver whether it consents to webhooks (CloudEvents HTTP 1.1 Web Hooks 1.0, section 4).

The question goes the way that deliveries go, to judged addresses only. It is asked in the call, between two
transactions; few are asked at a time, so that receivers that do not answer leave threads for others.
"""

import asyncio
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from server.core import clock, config, tenancy
from server.core.call import Call
from server.core.errors import Aborted, Exhausted
from server.webhooks.errors import EndpointRefused
from server.webhooks.queries import endpoints as queries
from server.webhooks.queries.rows import EndpointRow, LaneRow
from server.webhooks.service import endpoints, urls

_AT_ONCE: Final = BoundedSemaphore(2)
_SECONDS: Final = 5.0
_RETRY_AFTER: Final = timedelta(seconds=_SECONDS)


def begin(caller: Call, endpoint_id: UUID) -> tuple[EndpointRow, LaneRow]:
    """The endpoint whose receiver may be asked. Raises NotFound, EndpointUrlForbidden."""
    found = endpoints.get(caller.workspace, endpoint_id)
    urls.require_allowed(found[0].url)
    return found


def verify(caller: Call, before: EndpointRow) -> tuple[EndpointRow, LaneRow]:
    """The endpoint, to which its receiver consents now. Outside of a transaction: it makes one when it was answered.

    Raises NotFound, EndpointRefused, Aborted, Exhausted.
    """
    _ask(before)
    with tenancy.transaction(workspace=caller.workspace, user=caller.caller.user_id):
        row, lane = endpoints.hold(caller, before.id)
        if row.url != before.url:
            raise Aborted
        now = clock.now()
        queries.update(row.workspace_id, row.id, verify_time=now)
    return row._replace(verify_time=now), lane


def _ask(endpoint: EndpointRow) -> None:
    # Imported here: a client for HTTP takes 7 MB, and most processes never ask.
    from server.webhooks.sending.handshake import options_handshake  # noqa: PLC0415

    if not _AT_ONCE.acquire(blocking=False):
        raise Exhausted("Other endpoints are being verified. Try again shortly.", retry_after=_RETRY_AFTER)
    try:
        asking = options_handshake(endpoint.url, _origin(), settings=urls.settings(), seconds=_SECONDS)
        consent = asyncio.run(asking)
    finally:
        _AT_ONCE.release()
    if not consent.allowed:
        raise EndpointRefused(f"{consent.detail} It must answer OPTIONS with WebHook-Allowed-Origin.")


def _origin() -> str:
    """The name by which receivers know this installation: the host of PUBLIC_URL."""
    settings: config.Core = config.read(config.Core)
    return (urlsplit(settings.public_url).hostname or "").lower()
