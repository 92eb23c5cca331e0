"""Reading YAML from strangers: in C, since Python takes seconds for 256 KiB, and without what makes much of little.

An alias stands for a whole part, so a few lines can mean a billion values; a merge key (`<<`) copies them while it is
read. Merge keys are no part of YAML 1.2 and are refused; how much aliases mean is counted before anybody walks it.
"""

from typing import Any, Final

import yaml

#: No definition has more keys and values; reading so many takes half a second.
_MOST_VALUES: Final = 50_000
#: The reader in C calls itself at each level, and dies of too many.
_DEEPEST: Final = 100
_OPENING: Final = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSING: Final = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class TooMuch(ValueError):
    """The text has, or means, more values than a definition may have."""


class _Loader(yaml.CSafeLoader):
    """JSON, and the dates that YAML makes of some words; `parse` refuses those."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Refuse merge keys."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(problem="write the fields out instead of <<", problem_mark=key.start_mark)


def load(text: str) -> Any:
    """What `text` says. Raises yaml.YAMLError, ValueError, TooMuch for more values than a definition has."""
    _require_shallow(text)
    value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    ahead, seen = [value], 0
    while ahead:
        item = ahead.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise TooMuch
        if isinstance(item, dict):
            ahead += item.values()
        elif isinstance(item, list):
            ahead += item
    return value


def _require_shallow(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > _DEEPEST:
            raise yaml.YAMLError
        if number > _MOST_VALUES:
            raise TooMuch
