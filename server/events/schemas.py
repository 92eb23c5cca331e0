"""JSON Schemas (draft 2020-12) of customers: which of them are taken, and what of an event's data does not match.

A schema is a program that a stranger gives us to run on every event, so what could run long is refused when it is
saved: patterns are matched in linear time (no look-around, no back references), references stay inside the document,
nothing is ever fetched, and the work at one place of the data is bounded (`server.events.unfolding`).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError

from server.core import structs
from server.core.errors import FieldViolation
from server.events import unfolding

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
#: A list of more is no help.
_MOST_VIOLATIONS: Final = 20
_MOST_CHARACTERS: Final = 300
_COMPILED: Final = 256
_BAD_PATTERN: Final = "must be a regular expression of moderate size without look-around and back references"
#: What one compiled pattern may take, and all of a schema.
_PATTERN_BYTES: Final = 1 << 20
_PATTERNS_BYTES: Final = 4 << 20
_META: Final = Draft202012Validator({"$ref": DRAFT}, offline=True)


class Validator:
    """A compiled schema. `takes` is for every event, `violations` for those that it does not take."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        most = min(_PATTERN_BYTES, _PATTERNS_BYTES // max(1, _patterns(schema)))
        self._validator = Draft202012Validator(
            dict(schema),
            pattern_options=RegexOptions(size_limit=most, dfa_size_limit=most),
            validate_formats=True,
            offline=True,
            mask="The value",
        )

    def takes(self, data: Mapping[str, Any]) -> bool:
        """Whether the data matches."""
        return bool(self._validator.is_valid(data))

    def violations(self, data: Mapping[str, Any], *, at: str) -> list[FieldViolation]:
        """What does not match, the first 20; each field is `at` and the JSON Pointer (RFC 6901) into the data."""
        return list(_first(_violation(error, at) for error in self._validator.iter_errors(data)))


@lru_cache(maxsize=_COMPILED)
def compiled(text: str) -> Validator:
    """The validator of a schema that was checked when it was saved, given as JSON."""
    return Validator(structs.loads(text))


def faults(schema: Mapping[str, Any], *, at: str) -> list[FieldViolation]:
    """Why the schema is not taken; nothing when it is. Fields are `at` and the JSON Pointer into the schema."""
    found = list(_first(_violation(error, at) for error in _META.iter_errors(schema)))
    if schema.get("$schema", DRAFT) not in (DRAFT, f"{DRAFT}#"):
        found.append(FieldViolation(f"{at}/$schema", f"must be {DRAFT}"))
    found = found or [FieldViolation(f"{at}{place}", text) for place, text in unfolding.faults(schema)]
    if found:
        return found[:_MOST_VIOLATIONS]
    try:
        Validator(schema)
    except ValidationError as error:
        is_pattern = error.kind.name == "format"
        return [
            FieldViolation(at + pointer(error.instance_path), _BAD_PATTERN if is_pattern else _short(error.message))
        ]
    except (ReferencingError, ValueError) as error:
        return [FieldViolation(at, _short(str(error)))]
    return []


def _patterns(part: Any) -> int:
    """How many patterns there are at most in a part of a schema."""
    if isinstance(part, Mapping):
        named = part.get("patternProperties")
        own = isinstance(part.get("pattern"), str) + (len(named) if isinstance(named, Mapping) else 0)
        return own + sum(map(_patterns, part.values()))
    return sum(map(_patterns, part)) if isinstance(part, list) else 0


def _first(violations: Iterable[FieldViolation]) -> Iterator[FieldViolation]:
    return (violation for violation, _ in zip(violations, range(_MOST_VIOLATIONS), strict=False))


def _violation(error: ValidationError, at: str) -> FieldViolation:
    return FieldViolation(at + pointer(error.instance_path), _short(error.message))


def pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer of a path (RFC 6901 §3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _short(message: str) -> str:
    line = message.splitlines()[0] if message else "does not match"
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"
