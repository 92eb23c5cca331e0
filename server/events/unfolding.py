"""How much work a schema can make at one place of the data: its references followed, before it is ever run.

Two definitions that each apply the next one twice make 4 checks, forty of them more than a million million. So the
checks that can meet at one place are counted, and a schema with too many is refused. A definition may lead back to
itself (lists, trees), but only once at each place: twice would double the work with every level of the data.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_CHECKS: Final = 5000
MOST_DEPTH: Final = 64
#: Of these keywords each holds a schema, a list of schemas or a map of them, and all apply together.
_ONE: Final = frozenset({"additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"}) | {
    "unevaluatedItems",
    "unevaluatedProperties",
}
_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAP: Final = frozenset({"patternProperties", "dependentSchemas"})
#: They make what a reference means depend on where it is read from.
_REFUSED: Final = {
    "$dynamicRef": "is not taken; use $ref",
    "$dynamicAnchor": "is not taken; use $ref with a JSON Pointer",
    "$anchor": "is not taken; use $ref with a JSON Pointer",
    "$vocabulary": "is not taken",
}

#: The checks that can meet at one place, and how many of them lead back to each definition that is being counted.
_Count = tuple[int, dict[str, int]]


class _Fault(Exception):
    def __init__(self, place: str, text: str) -> None:
        self.place, self.text = place, text


def faults(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The first reason why the schema could run long, as a JSON Pointer and a text; nothing when there is none."""
    try:
        _Counter(schema).of_definition("#", 0)
    except _Fault as fault:
        return [(fault.place, fault.text)]
    return []


class _Counter:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._known: dict[str, _Count] = {}
        self._open: set[str] = set()

    def of_definition(self, reference: str, depth: int) -> _Count:
        """The count of what `reference` names. One that is being counted is a way back to it."""
        if reference in self._open:
            return 1, {reference: 1}
        if reference not in self._known:
            self._open.add(reference)
            checks, back = self._of(_resolved(self._document, reference), reference.removeprefix("#"), depth)
            self._open.remove(reference)
            if back.pop(reference, 0) > 1:
                raise _Fault(reference.removeprefix("#"), "leads back to itself more than once at one place")
            self._known[reference] = checks, back
        return self._known[reference]

    def _of(self, schema: Any, place: str, depth: int) -> _Count:
        if not isinstance(schema, Mapping):
            return 1, {}
        if depth > MOST_DEPTH:
            raise _Fault(place, f"is more than {MOST_DEPTH} levels deep")
        self._refuse(schema, place)
        counts = [self._of(part, at, depth + 1) for part, at in _parts(schema, place)]
        reference = schema.get("$ref")
        if isinstance(reference, str):
            counts.append(self.of_definition(_local(reference, place), depth + 1))
        # Of the properties each is a place of its own.
        own = [self._of(part, at, depth + 1) for part, at in _of_map(schema, "properties", place)]
        if own:
            keys = {key for _, back in own for key in back}
            counts.append((max(n for n, _ in own), {key: max(back.get(key, 0) for _, back in own) for key in keys}))
        checks = 1 + sum(count for count, _ in counts)
        if checks > MOST_CHECKS:
            raise _Fault(place, f"makes more than {MOST_CHECKS} checks at one place of the data")
        keys = {key for _, back in counts for key in back}
        return checks, {key: sum(back.get(key, 0) for _, back in counts) for key in keys}

    def _refuse(self, schema: Mapping[str, Any], place: str) -> None:
        for keyword, text in _REFUSED.items():
            if keyword in schema:
                raise _Fault(f"{place}/{keyword}", text)
        if "$id" in schema and place:
            raise _Fault(f"{place}/$id", "may only stand at the top of the schema")


def _parts(schema: Mapping[str, Any], place: str) -> Iterator[tuple[Any, str]]:
    for keyword, value in schema.items():
        if keyword in _ONE:
            yield value, f"{place}/{keyword}"
        elif keyword in _LIST and isinstance(value, list):
            yield from ((part, f"{place}/{keyword}/{index}") for index, part in enumerate(value))
        elif keyword in _MAP:
            yield from _of_map(schema, keyword, place)


def _of_map(schema: Mapping[str, Any], keyword: str, place: str) -> Iterator[tuple[Any, str]]:
    value = schema.get(keyword)
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield part, f"{place}/{keyword}/{name.replace('~', '~0').replace('/', '~1')}"


def _local(reference: str, place: str) -> str:
    if reference != "#" and not reference.startswith("#/"):
        raise _Fault(f"{place}/$ref", "must stay in the schema: # or a JSON Pointer such as #/$defs/line")
    return reference


def _resolved(document: Mapping[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise _Fault(reference.removeprefix("#"), "is referred to and does not exist")
    return found
