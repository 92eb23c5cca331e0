"""What can be wrong with a definition, and with an expression while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a JSON Pointer, RFC 6901) and a sentence that says what to do.

    `line` and `column` count from 1 and point into the text of an expression; 0 for faults that are not in one.
    """

    pointer: str
    text: str
    line: int = 0
    column: int = 0


class DefinitionInvalid(Exception):
    """A definition cannot be taken. `faults` are all that was found, in the order of the definition."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.text}" for fault in self.faults))


@dataclass(slots=True)
class Failure:
    """Why an expression has no value: its text, where it stands (a JSON Pointer), what was wrong, and with what.

    `values` are those that the expression names, by path, shortened. Secrets are masked in everything here.
    """

    expression: str
    pointer: str
    fault: str
    values: Mapping[str, object] = field(default_factory=dict)


class ExpressionFailed(Exception):
    """An expression has no value for what it was given."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(f"The expression {failure.expression!r} at {failure.pointer} failed: {failure.fault}")

    @property
    def details(self) -> dict[str, object]:
        """What a step's error tells of it: expression, pointer, fault, values."""
        failure = self.failure
        return {
            "expression": failure.expression,
            "pointer": failure.pointer,
            "fault": failure.fault,
            "values": dict(failure.values),
        }
