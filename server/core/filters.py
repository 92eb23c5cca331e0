"""The filters of List methods: a small, documented part of AIP-160.

    filter     = comparison { "AND" comparison }
    comparison = field ( "=" | "!=" ) value
    value      = word | quoted string

Each method documents the fields it takes; anything else is refused with the choice.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from server.core.errors import InvalidArgument

_COMPARISON = re.compile(
    r"""\s*(?P<field>[a-z_][a-z0-9_]*)\s*(?P<operator>!?=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s"=!]+)\s*(?:AND\b|$)"""
)


class FilterInvalid(InvalidArgument):
    """The filter cannot be read, or names a field that cannot be filtered by."""

    reason = "FILTER_INVALID"


@dataclass(frozen=True)
class Comparison:
    """`field = value`, or `field != value` when `negated`."""

    field: str
    value: str
    negated: bool


def parse(text: str, *, fields: Collection[str]) -> list[Comparison]:
    """The comparisons of `text`, all of which must hold. Raises FilterInvalid naming what is not understood."""
    comparisons = []
    position = 0
    while position < len(text.rstrip()):
        match = _COMPARISON.match(text, position)
        if match is None:
            raise FilterInvalid(
                "The filter cannot be read at {at}. Write `field = value AND …`.", at=text[position:][:40]
            )
        if match["field"] not in fields:
            choice = ", ".join(sorted(fields))
            raise FilterInvalid(f"The filter knows no {{field}}. Use {choice}.", field=match["field"])
        comparisons.append(Comparison(match["field"], _unquoted(match["value"]), match["operator"] == "!="))
        position = match.end()
    if text.rstrip().endswith("AND"):
        raise FilterInvalid("The filter ends with AND. Add a comparison or drop it.")
    return comparisons


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
