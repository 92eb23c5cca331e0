"""Bounding guesses: five failures within 15 minutes close a secret to an address for 15 minutes.

Who is guessed at and from where is kept as keyed hashes, whether or not there is such an account, so that neither
the answer nor the table tells who has one.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from server.accounts.queries import limits
from server.core import clock, crypto

MOST: Final = 5
WINDOW: Final = timedelta(minutes=15)
#: A customer of IPv6 has a network of this size, so a guesser would never use one address twice (RFC 6177 §2).
_IPV6_PREFIX: Final = 64


class Guesses:
    """Guesses at one secret from one address. Calls about the same pair take turns, each till its transaction ends."""

    def __init__(self, secret: str, address: str) -> None:
        """`secret` names what is guessed at: an account's `emails.key`, an authenticator."""
        self._secret = _hash(secret)
        self._address = crypto.ring().mac("guess-address", _network(address).encode())

    def closed_for(self) -> timedelta | None:
        """For how long no guess is taken any more; None when one may be made now."""
        limits.take_turn(crypto.ring().mac("guess-turn", self._secret + self._address))
        times = limits.failures(self._secret, self._address)
        if len(times) < MOST:
            return None
        left = times[-1] + WINDOW - clock.now()
        return left if left > timedelta(0) else None

    def count_failure(self) -> None:
        """Count a wrong guess. The error that tells of it must keep changes."""
        now = clock.now()
        lately = [time for time in limits.failures(self._secret, self._address) if time > now - WINDOW]
        limits.keep_failures(self._secret, self._address, [*lately, now][-MOST:], now + WINDOW)

    def forget(self) -> None:
        """Count anew: the guess was right."""
        limits.forget_failures(self._secret, self._address)


def forget_everywhere(secret: str) -> None:
    """Open `secret` to every address again."""
    limits.forget_failures(_hash(secret))


def _hash(secret: str) -> bytes:
    return crypto.ring().mac("guess", secret.encode())


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> _IPV6_PREFIX << _IPV6_PREFIX))
    return str(parsed)
