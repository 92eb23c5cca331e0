"""Which addresses and URLs requests may go to. A customer's URL must not reach what is inside.

An address is judged when it is dialled; what can be told from the URL alone is told when it is saved. The messages
are shown to customers and name no address. Ranges: the special-purpose registries of IANA (RFC 6890), and addresses
where clouds keep their metadata.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import idna
from yarl import URL

from server.core.outbound.settings import Network, OutboundSettings

MAX_URL: Final = 2048

_FORBIDDEN: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata of Alibaba Cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and the metadata of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/8",  # unspecified, loopback, IPv4-compatible and -mapped; NAT64 is looked into below
        "64:ff9b:1::/48",  # NAT64 of local use
        "100::/64",  # discarded
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local, and the metadata of AWS (fd00:ec2::254)
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")

_NOT_PUBLIC: Final = "The host's address is not public. Use a host with public addresses only."
# An authority without userinfo: a bracketed literal, or anything that is not punctuation of a URL; then a port.
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<host>\[[^\]/?#@]*\]|[^:/?#@\[\]]*)(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:[/?][^#]*)?)"
)
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE: Final = ("localhost", "local", "internal", "lan", "home.arpa", "localdomain", "intranet", "corp", "home")
_HOST_MAX: Final = 253
_PORT_MAX: Final = 65535


class UrlForbidden(ValueError):
    """Requests may not go to the URL. The text is one sentence for the customer."""


class AddressForbidden(OSError):
    """An address that may not be dialled was about to be. The text names none."""

    def __init__(self) -> None:
        super().__init__(None, _NOT_PUBLIC)


def may_dial(address: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether `address`, a literal of either family, may be dialled."""
    try:
        literal = ip_address(address)
    except ValueError:
        return False
    if isinstance(literal, IPv6Address):
        if literal.scope_id is not None:
            return False
        if literal in _NAT64:
            return may_dial(str(IPv4Address(int(literal) & 0xFFFFFFFF)), allowed)
    return any(_within(literal, network) for network in allowed) or not any(
        _within(literal, network) for network in _FORBIDDEN
    )


def check_url(url: str, settings: OutboundSettings) -> str:
    """`url` as it will be requested: host in lower case and in ASCII, no default port. Raises UrlForbidden."""
    parts = _URL.fullmatch(url)
    if len(url) > MAX_URL or parts is None or _UNFIT.search(url):
        raise UrlForbidden(
            f"Write a URL like https://example.com/hooks of at most {MAX_URL} characters."
            " A name, a password and # may not be in it."
        )
    scheme = parts["scheme"].lower()
    if scheme not in (("https", "http") if settings.allow_http else ("https",)):
        raise UrlForbidden("Use an https URL.")
    host = _checked_host(parts["host"], settings)
    port = f":{int(parts['port'])}" if parts["port"] else ""
    if parts["port"] and not 0 < int(parts["port"]) <= _PORT_MAX:
        raise UrlForbidden("Use a port from 1 to 65535.")
    try:
        made = URL(f"{scheme}://{host}{port}{parts['rest'] or '/'}")
    except ValueError as error:
        raise UrlForbidden("The URL cannot be read. Write one like https://example.com/hooks.") from error
    if made.raw_host != host.strip("[]"):
        raise UrlForbidden("The URL's host cannot be read. Use a name like example.com.")
    return str(made)


def _checked_host(host: str, settings: OutboundSettings) -> str:
    if host.startswith("["):
        literal = host[1:-1]
        if not may_dial(literal, settings.allowed_networks):
            raise UrlForbidden(_NOT_PUBLIC)
        return f"[{IPv6Address(literal)}]" if ":" in literal else literal
    name = _ascii(host).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # Resolvers read 2130706433, 0177.0.0.1, 0x7f.1 and 127.1 as addresses, each in its own way.
        try:
            IPv4Address(name)
        except ValueError:
            raise UrlForbidden("Write an address as four decimal numbers, or use a host name.") from None
        if not may_dial(name, settings.allowed_networks):
            raise UrlForbidden(_NOT_PUBLIC)
        return name
    if len(name) > _HOST_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlForbidden("The URL's host cannot be read. Use a name like example.com.")
    inside = len(labels) == 1 or name.endswith(tuple(f".{suffix}" for suffix in _INSIDE))
    if inside and not settings.allowed_networks:
        raise UrlForbidden("The URL's host is not public. Use a name like example.com.")
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise UrlForbidden("The URL's host is no valid international name.") from error


def _within(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network
