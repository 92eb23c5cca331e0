"""The filters of List methods: a small, documented part of AIP-160.

    filter     = comparison { "AND" comparison }
    comparison = field ( "=" | "!=" ) value | time ( ">=" | "<" ) moment
    value      = word | quoted string
    moment     = a value that is a time of RFC 3339, such as 2026-11-02T09:30:00Z

Each method documents the fields it takes; anything else is refused with the choice.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from server.core.errors import InvalidArgument

_COMPARISON = re.compile(
    r"""\s*(?P<field>[a-z_][a-z0-9_.-]*)\s*(?P<operator>!?=|>=|<(?!=))\s*"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|[^\s"=!<>]+)\s*(?:AND\b|$)"""
)


class FilterInvalid(InvalidArgument):
    """The filter cannot be read, or names a field that cannot be filtered by."""

    reason = "FILTER_INVALID"


@dataclass(frozen=True)
class Comparison:
    """`field = value`, or `field != value` when `negated`; of a time, `field >= value` or `field < value`."""

    field: str
    value: str
    negated: bool
    operator: str = "="

    @property
    def moment(self) -> datetime:
        """The value of a time's comparison. Raises FilterInvalid when it is none."""
        refusal = FilterInvalid(
            "The filter compares {field} with a time such as 2026-11-02T09:30:00Z.", field=self.field
        )
        try:
            moment = datetime.fromisoformat(self.value)
            # What has no time zone is no moment; what lies before the year 1 in UTC cannot be told.
            if moment.tzinfo is None:
                raise refusal
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise refusal from None

    def among(self, words: Mapping[str, str]) -> frozenset[str]:
        """What the comparison lets through of `words`, by what filters call them. Raises FilterInvalid on others."""
        word = words.get(self.value)
        if word is None:
            raise FilterInvalid(f"There is no {self.field} {{value}}. Use {', '.join(words)}.", value=self.value)
        return frozenset(words.values()) - {word} if self.negated else frozenset({word})


def parse(
    text: str, *, fields: Collection[str], times: Collection[str] = (), prefixes: Collection[str] = ()
) -> list[Comparison]:
    """The comparisons of `text`, all of which must hold. Raises FilterInvalid naming what is not understood.

    `fields` can be equal to a value or not, and so can what begins with one of `prefixes`, such as `labels.`; `times`
    lie at or after a moment, or before it.
    """
    comparisons = []
    position = 0
    while position < len(text.rstrip()):
        match = _COMPARISON.match(text, position)
        if match is None:
            raise FilterInvalid(
                "The filter cannot be read at {at}. Write `field = value AND …`.", at=text[position:][:40]
            )
        _check(match["field"], match["operator"], fields, times, prefixes)
        operator = match["operator"]
        comparisons.append(
            Comparison(match["field"], _unquoted(match["value"]), operator == "!=", operator.removeprefix("!"))
        )
        position = match.end()
    if text.rstrip().endswith("AND"):
        raise FilterInvalid("The filter ends with AND. Add a comparison or drop it.")
    return comparisons


def _check(
    field: str, operator: str, fields: Collection[str], times: Collection[str], prefixes: Collection[str]
) -> None:
    is_prefixed = any(field.startswith(prefix) and field != prefix for prefix in prefixes)
    if field not in (*fields, *times) and not is_prefixed:
        choice = ", ".join(sorted((*fields, *times, *(f"{prefix}<key>" for prefix in prefixes))))
        raise FilterInvalid(f"The filter knows no {{field}}. Use {choice}.", field=field)
    choice = ">= or <" if field in times else "= or !="
    if operator not in choice.split(" or "):
        raise FilterInvalid(f"The filter compares {{field}} with {choice}.", field=field)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
