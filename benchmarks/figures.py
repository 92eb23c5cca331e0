"""What a scenario gives: a figure with its spread, beside what it is to be."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any, Final, Protocol, TypeVar

from benchmarks.load import Load

TIMES: Final = "\N{MULTIPLICATION SIGN}"
AT_LEAST, UNDER = "at least", "under"
DISTURBED: Final = 0.1


@dataclass(frozen=True)
class Sample:
    """One quantity, measured several times."""

    values: list[float]

    @property
    def median(self) -> float:
        """The value to quote."""
        return median(self.values)

    @property
    def least(self) -> float:
        """The smallest value."""
        return min(self.values)

    @property
    def most(self) -> float:
        """The largest value."""
        return max(self.values)

    def over(self, other: "Sample") -> "Sample":
        """The ratios of values of the same round: a machine that slows down slows both."""
        return Sample([mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)])


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report.

    Attributes:
        unit: of `ours` and `other`.
        other_name: what stands beside ours, the peer or another measurement of our own.
        measured: what the target is about: a ratio, or `ours` itself.
        bound: AT_LEAST or UNDER.
        target: None where the figure is told for itself.
        note: how it was measured, one sentence.
        detail: further numbers for the JSON.
    """

    key: str
    title: str
    unit: str
    ours: Sample
    other: Sample | None
    other_name: str
    measured: Sample
    measured_unit: str = TIMES
    bound: str
    target: float | None
    note: str
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the target; None without one."""
        if self.target is None:
            return None
        value = self.measured.median
        return value >= self.target if self.bound == AT_LEAST else value < self.target

    def as_json(self) -> dict[str, Any]:
        """Everything, for latest.json."""
        return asdict(self) | {"met": self.met, "median": self.measured.median}


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long and how often to measure.

    Attributes:
        rounds: runs of each side, in turn.
        seconds: one run's counted time; `warm_up` goes before it.
        memory_step: requests between two looks at the memory; there are ten.
        rows: workspaces in the long list, in `pages` pages.
        deliveries: in one run of the product, `peer_deliveries` in one of the Dramatiq peer.
        backlog: open deliveries beside none.
        single_events: published one at a time in a run.
        watchers: streams that are open at a time.
        executions: in one run of the product, `peer_executions` in one of the DBOS peer.
        waiting: executions that wait at a time; `timers` wait for the same moment.
        finished: executions beside hardly any.
        items: of the longest `foreach`.
    """

    rounds: int = 5
    seconds: float = 8.0
    warm_up: float = 1.0
    memory_step: int = 10_000
    rows: int = 1_000_000
    pages: int = 10_000
    calls_per_page: int = 200
    deliveries: int = 20_000
    peer_deliveries: int = 3_000
    backlog: int = 1_000_000
    single_events: int = 50
    watchers: int = 5_000
    executions: int = 4_000
    peer_executions: int = 600
    waiting: int = 100_000
    timers: int = 10_000
    finished: int = 1_000_000
    items: int = 10_000

    def of(self, load: Load) -> Load:
        """The load, run that long."""
        return replace(load, seconds=self.seconds, warm_up=self.warm_up)


QUICK = Effort(
    rounds=2,
    seconds=2.0,
    warm_up=0.5,
    memory_step=1_000,
    rows=20_000,
    pages=200,
    calls_per_page=50,
    deliveries=4_000,
    peer_deliveries=600,
    backlog=50_000,
    single_events=15,
    watchers=1_000,
    executions=500,
    peer_executions=100,
    waiting=2_000,
    timers=500,
    finished=20_000,
    items=400,
)


class Measured(Protocol):
    """What a run gives, of whatever kind it is."""

    @property
    def rate(self) -> float:
        """Requests, deliveries or events per second."""

    @property
    def costs(self) -> dict[str, float]:
        """Microseconds of processor time for each, by kind of process."""

    @property
    def foreign(self) -> float:
        """Share of the machine that other programs took."""


Run = TypeVar("Run", bound=Measured)


def interleave(sides: Sequence[Callable[[], Run]], rounds: int, say: Callable[[str], None]) -> list[list[Run]]:
    """Runs the sides in turn: A B A B … so that both meet the same machine.

    Returns:
        The outcomes of each side, in the order of the rounds.
    """
    outcomes: list[list[Run]] = [[] for _ in sides]
    for number in range(rounds):
        for side, collected in zip(sides, outcomes, strict=True):
            collected.append(side())
        rates = " · ".join(f"{collected[-1].rate:,.0f}/s" for collected in outcomes)
        foreign = max(collected[-1].foreign for collected in outcomes)
        disturbed = f" (other programs took up to {foreign:.0%} of the machine)" if foreign > DISTURBED else ""
        say(f"  round {number + 1} of {rounds}: {rates}{disturbed}")
    return outcomes


def rates(outcomes: Sequence[Measured]) -> Sample:
    """What was done per second."""
    return Sample([outcome.rate for outcome in outcomes])


def costs(outcomes: Sequence[Measured]) -> dict[str, float]:
    """Medians of what each cost, microseconds of processor time by kind of process."""
    return {name: round(median(outcome.costs[name] for outcome in outcomes), 1) for name in outcomes[0].costs}
