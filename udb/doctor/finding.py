"""A check is a function that gives a fact, or raises Ailing with what is wrong and what to do."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from udb.conf import Tool
from udb.paths import Var


class Ailing(Exception):
    """What is wrong, and the remedy."""

    def __init__(self, fact: str, remedy: str) -> None:
        super().__init__(fact)
        self.fact, self.remedy = fact, remedy


@dataclass(frozen=True)
class Patient:
    """What is examined. `environment` is that of the running installation, empty when none runs."""

    tool: Tool
    var: Var
    environment: Mapping[str, str]

    @property
    def runs(self) -> bool:
        """Whether `udb up` runs on these settings."""
        return bool(self.environment)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `remedy` is empty when all is well."""

    name: str
    fact: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy


def examine(patient: Patient, checks: Mapping[str, Callable[[Patient], str]]) -> Iterator[Finding]:
    """Run all checks, whatever the others find."""
    for name, check in checks.items():
        try:
            yield Finding(name, check(patient))
        except Ailing as ailing:
            yield Finding(name, ailing.fact, ailing.remedy)
