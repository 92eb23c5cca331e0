"""Short ways to write definitions and to see what is wrong with them."""

from typing import Any

import pytest

from server.workflows.language import parsing
from server.workflows.language.faults import DefinitionInvalid, Fault
from server.workflows.steps import registry


class Judge:
    """Parses definitions written in YAML."""

    def takes(self, text: str) -> Any:
        """The definition; fails when there is a fault."""
        return parsing.parse(parsing.from_yaml(text), types=registry.TYPES)

    def faults(self, text: str | dict[str, Any]) -> list[Fault]:
        """All that is wrong with it; nothing when it is taken."""
        try:
            parsing.parse(parsing.from_yaml(text) if isinstance(text, str) else text, types=registry.TYPES)
        except DefinitionInvalid as error:
            return list(error.faults)
        return []

    def told(self, text: str | dict[str, Any]) -> dict[str, str]:
        """The sentences by pointer."""
        return {fault.pointer: fault.text for fault in self.faults(text)}


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge()
