"""What the interpreter of workflows costs, without a database: a step in a row, an item of a `foreach`, a rebuild.

Run it with `python -m benchmarks.micro.machine`. Costs are to stay the same however many steps and items there are.
"""

import tracemalloc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, ClassVar
from uuid import UUID

from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Context, Effect, Result
from server.workflows.engine.types import Facts, Record
from server.workflows.language.definition import Definition, Scope, Step
from server.workflows.steps import registry

START = datetime(2026, 1, 1, tzinfo=UTC)
WIDTH = 50


class Nothing(Effect):
    """Gives null."""

    name = "nothing"
    summary = "Does nothing."
    schema: ClassVar[Mapping[str, Any]] = {}

    async def run(self, context: Context) -> Result:
        """Is not called here."""
        return Result(context.config)


@dataclass(frozen=True)
class Constant:
    """An expression that costs nothing."""

    value: Any
    text: str = ""

    def evaluate(self, _values: Mapping[str, Any]) -> Any:
        """It."""
        return self.value

    def needed(self, _values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing."""
        return {}


TYPES = {**registry.TYPES, Nothing.name: Nothing()}
FACTS = Facts(
    execution_id=UUID(int=1),
    workspace_id=UUID(int=2),
    workflow_id=UUID(int=3),
    workflow_name="micro",
    version=1,
    generation=1,
    input={},
    trigger={},
    workspace={},
    secrets={},
    create_time=START,
    timeout_time=START + timedelta(days=1),
)


def in_a_row(kind: str, count: int) -> Definition:
    """So many steps, each after the one before."""
    config = Constant({"output": None})
    return Definition(
        Scope(tuple(Step(f"s{at}", kind, needs=(f"s{at - 1}",) if at else (), config=config) for at in range(count))),
        {},
    )


def for_each(count: int) -> Definition:
    """One step for each of so many items, `WIDTH` at a time."""
    each = Step(
        "each",
        "foreach",
        config=Constant({"concurrency": WIDTH}),
        expressions={"items": Constant(list(range(count))), "output": Constant(None)},
        body=Scope((Step("one", Nothing.name),)),
    )
    return Definition(Scope((each,)), {})


def run(definition: Definition, records: Iterable[Record] = ()) -> list[Record]:
    """From `records` to the end; every task gives null at once."""
    machine = Machine(definition, FACTS, records, types=TYPES)
    written = []
    while True:
        moves = machine.next(START)
        written += [note.record for note in moves.notes]
        written += [machine.succeed(task, Result(), START).record for task in moves.tasks]
        if moves.ending is not None:
            return written


def measure(definition: Definition, records: list[Record], rounds: int) -> float:
    """Seconds of one run, the best of some."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        run(definition, records)
        times.append(perf_counter() - start)
    return min(times)


def peak(definition: Definition) -> int:
    """Bytes that a machine needs at most, without the records."""
    tracemalloc.start()
    machine = Machine(definition, FACTS, types=TYPES)
    while (moves := machine.next(START)).ending is None:
        for task in moves.tasks:
            machine.succeed(task, Result(), START)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> None:
    """Print the microseconds a step, and what a `foreach` needs."""
    for count in (3, 40, 400):
        for kind in (Nothing.name, "transform"):
            seconds = measure(in_a_row(kind, count), [], 20_000 // count)
            print(f"{count:>6} steps in a row ({kind}){seconds / count * 1e6:>30.1f} µs a step")
    for count in (100, 1_000, 10_000):
        definition = for_each(count)
        seconds = measure(definition, [], 3)
        again = measure(definition, run(definition)[:-1], 3)
        print(
            f"{count:>6} items, {WIDTH} at a time{seconds / count * 1e6:>10.1f} µs an item"
            f"{again / count * 1e6:>10.1f} µs to rebuild one{peak(definition) / 1024:>10.0f} KiB at most"
        )


if __name__ == "__main__":
    main()
