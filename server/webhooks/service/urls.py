"""Which URLs webhooks may be sent to, and when two of them are one.

What can be told without asking a name server is told here, when the endpoint is saved. Where a name leads is checked
when it is dialled, each time.
"""

from ipaddress import ip_network
from typing import Final

from server.core import config
from server.core.outbound.guard import UrlForbidden, check_url
from server.core.outbound.settings import parse_networks
from server.webhooks.conf import WebhooksSettings
from server.webhooks.errors import EndpointUrlForbidden
from server.webhooks.sending.types import SendingSettings

_ANYWHERE: Final = SendingSettings(allow_http=True, allowed_networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))


def key_of(url: str) -> str:
    """The form of `url` in which two that lead to the same place are equal. Raises EndpointUrlForbidden.

    Scheme and host are lower case, the host is in its ASCII form (UTS 46), a default port is left out and an empty
    path is `/` (RFC 3986 §6.2.2 and §6.2.3).
    """
    return _checked(url, _ANYWHERE)


def require_allowed(url: str) -> str:
    """The key of `url` when this installation sends webhooks to it. Raises EndpointUrlForbidden."""
    return _checked(url, settings())


def settings() -> SendingSettings:
    """Where this installation sends webhooks."""
    room: WebhooksSettings = config.read(WebhooksSettings)
    networks = parse_networks(room.webhook_allowed_networks)
    return SendingSettings(allow_http=room.webhook_allow_http, allowed_networks=networks)


def _checked(url: str, allowed: SendingSettings) -> str:
    try:
        return check_url(url, allowed)
    except UrlForbidden as error:
        raise EndpointUrlForbidden(str(error)) from error
