"""What an installation allows of requests to addresses that customers choose."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class OutboundSettings:
    """http beside https, and networks that are dialled though the guard forbids them.

    `dns_seconds` is how long an answer is kept, `idle_seconds` how long an unused connection. `ca_file` names a file of
    certificates that are trusted besides the system's; `nameservers` are asked instead of the system's, at `dns_port`.
    """

    allow_http: bool = False
    allowed_networks: tuple[Network, ...] = ()
    dns_seconds: float = 10.0
    idle_seconds: float = 15.0
    ca_file: str = ""
    nameservers: tuple[str, ...] = ()
    dns_port: int = 53


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of `text`, separated by commas. Raises ValueError with what to write."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be networks such as 10.1.0.0/16, separated by commas, with no host bits set") from None
