"""The built-in event types: those that the product itself publishes, as the contract declares them.

`make gen` writes them from the messages that carry `(userdata.api.v1.event_type)`, with their comments.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import userdata

_FILE: Final = Path(next(iter(userdata.__path__))).parent / "events" / "catalogue.json"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """An event type of the product. `schema` is a JSON Schema (draft 2020-12) of its data, `example` is such data."""

    name: str
    description: str
    schema: dict[str, Any]
    example: dict[str, Any]


def _read() -> dict[str, BuiltIn]:
    return {entry["name"]: BuiltIn(**entry) for entry in json.loads(_FILE.read_text("utf-8"))}


#: All of them by name, in the order of their names.
TYPES: Final = _read()
#: The first words of their names. Names that begin with them are the product's own, so that it may add types.
WORDS: Final = frozenset(name.partition(".")[0] for name in TYPES)


def is_reserved(name: str) -> bool:
    """Whether customers' types cannot have this name."""
    return name.partition(".")[0] in WORDS
