"""What a run of workflows gives, the product's or a peer's."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Executed:
    """So many steps in so many seconds. `costs` are microseconds for each, by kind of process."""

    count: int
    seconds: float
    costs: dict[str, float]
    foreign: float
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Steps per second."""
        return self.count / self.seconds
