"""The filters of List methods: a small, documented part of AIP-160.

    filter     = comparison { "AND" comparison }
    comparison = field ( "=" | "!=" ) value
    value      = word | quoted string

Each method documents the fields it takes; anything else is refused with the choice.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from server.core.errors import FieldViolation, InvalidArgument

_COMPARISON = re.compile(
    r"""\s*(?P<field>[a-z_][a-z0-9_]*)\s*(?P<operator>!?=)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s"=!]+)\s*(?:AND\b|$)"""
)


@dataclass(frozen=True)
class Comparison:
    """`field = value`, or `field != value` when `negated`."""

    field: str
    value: str
    negated: bool


def parse(text: str, *, fields: Collection[str]) -> list[Comparison]:
    """The comparisons of `text`, all of which must hold. Raises InvalidArgument naming what is not understood."""
    comparisons = []
    position = 0
    while position < len(text.rstrip()):
        match = _COMPARISON.match(text, position)
        if match is None:
            raise _refused(f"cannot be read from character {position + 1} on; write `field = value AND …`")
        if match["field"] not in fields:
            raise _refused(f"does not know {match['field']}; use {', '.join(sorted(fields))}")
        comparisons.append(Comparison(match["field"], _unquoted(match["value"]), match["operator"] == "!="))
        position = match.end()
    if text.rstrip().endswith("AND"):
        raise _refused("ends with AND; add a comparison or drop it")
    return comparisons


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _refused(description: str) -> InvalidArgument:
    return InvalidArgument(violations=[FieldViolation("filter", description)])
