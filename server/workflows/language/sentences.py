"""What does not fit the form of a definition, in sentences that say what to do."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, ValidationError

from server.events.schemas import pointer
from server.workflows.language import durations, forms
from server.workflows.language.building import TRIGGERS
from server.workflows.language.faults import Fault

_KINDS: Final = {
    "string": "a text",
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_PATTERNS: Final = {
    forms.NAME: "Write a name of a-z, 0-9 and _ that begins with a letter, at most 63 characters long.",
    durations.PATTERN: "Write a duration such as 500ms, 30s, 15m, 2h, 7d or 1h30m.",
}
_NUMBERS: Final = {
    "minimum": "Write at least {}.",
    "maximum": "Write at most {}.",
    "exclusiveMinimum": "Write more than {}.",
    "exclusiveMaximum": "Write less than {}.",
    "minLength": "Write at least {} characters.",
    "maxLength": "Write at most {} characters.",
    "minItems": "Give at least {}.",
    "maxItems": "Give at most {}.",
    "minProperties": "Give at least {} fields.",
    "maxProperties": "Give at most {} fields.",
}
_MOST_CHARACTERS: Final = 300
_MOST_KNOWN: Final = 200


def faults(value: Any, validator: Draft202012Validator, *, at: str = "") -> Iterator[Fault]:
    """What of `value` does not fit, with `at` before each pointer."""
    return (fault for error in validator.iter_errors(value) for fault in _told(error, at))


def did_you_mean(word: str, known: Any) -> str:
    """` Did you mean …?` when one of the words is near, or nothing."""
    near = get_close_matches(word[:64], list(known)[:_MOST_KNOWN], n=1)
    return f" Did you mean {near[0]}?" if near else ""


def named(types: Iterable[str]) -> str:
    """Types of JSON in words."""
    return " or ".join(_KINDS.get(type_, type_) for type_ in types)


def _told(error: ValidationError, at: str) -> Iterator[Fault]:
    place = at + pointer(error.instance_path)
    kind: Any = error.kind
    if kind.name in {"additionalProperties", "unevaluatedProperties"}:
        for name in kind.unexpected:
            yield Fault(place + pointer([name]), f"Remove {name}; there is no such field.")
    elif kind.name == "falseSchema":
        yield Fault(place, f"Remove {error.instance_path[-1]}; what it stands in has none.")
    else:
        yield Fault(place, _sentence(kind, error))


def _sentence(kind: Any, error: ValidationError) -> str:
    if kind.name in _NUMBERS:
        return _NUMBERS[kind.name].format(kind.value)
    if kind.name == "type":
        return f"Write {named(kind.types)} here; it is {_kind_of(error.instance)}."
    if kind.name == "required":
        return f"Add {kind.property}."
    if kind.name == "enum":
        known = [str(option) for option in kind.options]
        return f"Write one of {', '.join(known)}.{did_you_mean(str(error.instance)[:64], known)}"
    if kind.name == "oneOf" and error.instance_path[:1] == ["triggers"]:
        return f"Give exactly one of {', '.join(TRIGGERS)}."
    message = error.message if len(error.message) <= _MOST_CHARACTERS else f"{error.message[:_MOST_CHARACTERS]}…"
    return _PATTERNS.get(getattr(kind, "pattern", ""), f"Write something else: {message}.")


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
    return "a list"
