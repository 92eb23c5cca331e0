"""Reading the filters of this room's lists: which of a few words a column may hold."""

from collections.abc import Mapping
from typing import TypeVar

from server.core import filters
from server.core.filters import FilterInvalid

Word = TypeVar("Word", bound=str)


def words(text: str, *, field: str, named: Mapping[str, Word]) -> set[Word] | None:
    """The words of `field` that the filter `text` lets through; None when it says nothing.

    `named` gives what the contract calls them. Raises FilterInvalid.
    """
    comparisons = filters.parse(text, fields=[field])
    left = set(named.values())
    for comparison in comparisons:
        word = named.get(comparison.value)
        if word is None:
            choice = ", ".join(named)
            raise FilterInvalid(f"There is no {field} {{value}}. Use {choice}.", field=field, value=comparison.value)
        left = left - {word} if comparison.negated else left & {word}
    return left if comparisons else None
