"""Whatever is written, it is taken or refused with places that exist; nothing else comes of it."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.workflows.language import parsing
from server.workflows.language.faults import DefinitionInvalid
from server.workflows.steps import registry
from tests.workflows.language.test_parsing import WHOLE

WORDS = [
    *("charge", "check", "each", "one", "gone", "http", "foreach", "switch", "GOTO", "30s", "5 s", "0 2 * * *", "Mars"),
    *(
        "${input.order_id}",
        "${steps.one.output",
        "${}",
        "${1 +}",
        "$${",
        "input.total > 0",
        "steps.each.output",
        "item",
    ),
    *("", "\0", "é", "\ud800", "a/b~c", "x" * 300),
]
KEYS = [
    *("steps", "triggers", "with", "needs", "id", "type", "retry", "onError", "on_error", "action", "step", "branches"),
    *(
        "when",
        "if",
        "items",
        "output",
        "input_schema",
        "properties",
        "required",
        "$ref",
        "schedule",
        "cron",
        "event",
        "~/",
    ),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += places(inner, (*path, key))
    return found


ORIGINAL = parsing.from_yaml(WHOLE)
PLACES = places(ORIGINAL)


def put(text: dict[str, Any], path: tuple[str | int, ...], value: Any) -> None:
    """Put a value in a place, if the place is still there."""
    holder: Any = text
    for part in path[:-1]:
        if not isinstance(holder, dict | list) or (isinstance(holder, list) and not isinstance(part, int)):
            return
        if part not in (range(len(holder)) if isinstance(holder, list) else holder):
            return
        holder = holder[part]  # type: ignore[index]
    if isinstance(holder, dict):
        holder[str(path[-1])] = value
    elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
        holder[path[-1]] = value


def exists(pointer: str, text: Any) -> bool:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(text, list) and name.isdecimal() and int(name) < len(text):
            text = text[int(name)]
        elif isinstance(text, dict) and name in text:
            text = text[name]
        else:
            return False
    return True


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=4))
def test_a_definition_with_anything_in_it_is_taken_or_refused(changes: list[tuple[tuple[str | int, ...], Any]]):
    text = copy.deepcopy(ORIGINAL)
    for path, value in changes:
        put(text, path, copy.deepcopy(value))
    try:
        definition = parsing.parse(text, types=registry.TYPES)
    except DefinitionInvalid as error:
        assert error.faults
        for fault in error.faults:
            # Where a field is missing that another one stands for, its holder is named.
            assert exists(fault.pointer, text) or exists(fault.pointer.rpartition("/")[0], text), fault
            assert fault.text[0].isupper()
            assert fault.text[-1] in ".?"
    else:
        again = parsing.parse(definition.text, types=registry.TYPES)
        assert again.text == definition.text
        assert parsing.load(definition.text, types=registry.TYPES).secrets == definition.secrets


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5))
def test_any_object_is_taken_or_refused(text: dict[str, Any]):
    try:
        parsing.parse(text, types=registry.TYPES)
    except DefinitionInvalid as error:
        assert error.faults
