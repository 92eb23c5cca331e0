"""What a room says in a letter. The rooms decide what is said and to whom; the workers render and send it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one person.

    `to` is the address as its holder gave it, `template` the name of the text, `values` what its placeholders
    stand for. Links in `values` may hold a token, so a letter is never logged or stored.
    """

    to: str
    template: str
    values: Mapping[str, str]
