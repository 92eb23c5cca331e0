"""Reading the filter of a list of endpoints."""

from typing import Any, Final

from server.core import filters
from server.core.filters import Comparison, FilterInvalid
from server.webhooks.convert import endpoints as convert
from server.webhooks.service import urls

_FIELDS: Final = ("state", "url", "event_type", "label")


def conditions(text: str) -> dict[str, Any]:
    """What `endpoints.page_of` takes for the filter `text`. Raises FilterInvalid."""
    found: dict[str, Any] = {"states": None, "url_key": None, "types": None, "labels": {}}
    for comparison in filters.parse(text, fields=_FIELDS):
        if comparison.field == "state":
            let_through = comparison.among(convert.STATE_WORDS)
            found["states"] = let_through if found["states"] is None else let_through & found["states"]
            continue
        if comparison.negated:
            raise FilterInvalid("The filter compares {field} with = only.", field=comparison.field)
        if comparison.field == "label":
            found["labels"] |= _label(comparison)
        elif comparison.field == "url":
            found["url_key"] = urls.key_of(comparison.value)
        else:
            found["types"] = matching(comparison.value)
    return found


def matching(event_type: str) -> list[str]:
    """What an endpoint may name to get events of this type: the type itself and each of its prefixes."""
    parts = event_type.split(".")
    return [event_type, *(".".join([*parts[:end], "*"]) for end in range(1, len(parts)))]


def _label(comparison: Comparison) -> dict[str, str]:
    name, equals, value = comparison.value.partition("=")
    if not equals:
        raise FilterInvalid('A label is written as label = "name=value", not as {value}.', value=comparison.value)
    return {name: value}
