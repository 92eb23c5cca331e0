"""From the JSON or YAML of a definition to what the engine runs, or to everything that is wrong with it."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from server.workflows.language.building import Builder, StepKind
from server.workflows.language.definition import Definition
from server.workflows.language.faults import DefinitionInvalid, Fault

__all__ = ["DefinitionInvalid", "Fault", "from_yaml", "parse"]

#: A definition of more bytes is refused.
MAX_BYTES: Final = 256 * 1024


def parse(text: Mapping[str, Any], *, types: Mapping[str, StepKind]) -> Definition:
    """The definition that `text` says; `types` are the step types by name. Raises DefinitionInvalid."""
    builder = Builder(types)
    definition = builder.definition(text)
    if builder.faults:
        raise DefinitionInvalid(builder.faults)
    return definition


def from_yaml(text: str) -> dict[str, Any]:
    """The JSON of a definition in YAML. Raises DefinitionInvalid."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DefinitionInvalid([Fault("", f"Write YAML: {error}")]) from error
    if not isinstance(value, dict):
        raise DefinitionInvalid([Fault("", "Write a definition: an object with steps.")])
    return value
