"""What an expression of a workflow costs, while its execution holds little and while it holds a megabyte.

Paths are looked up without CEL, and CEL gets what is named: beside them stands the plain way, everything to CEL. Run it
with `python -m benchmarks.micro.expressions`.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from server.core import cel
from server.core.cel import Kind, Variables
from server.workflows.language.expressions import Expression
from server.workflows.language.templates import Compiler

ROUNDS = 2_000
ROWS = 5_000
PATH = "steps.charge.output.body.total"
CONDITION = "input.total > 100 && steps.charge.output.status == 200"
BODY: dict[str, Any] = {
    "order": "${input.order}",
    "note": "for ${input.order} of ${input.total}",
    "total": "${steps.charge.output.body.total}",
    "lines": [{"sku": "${input.order}", "count": 1}],
    "source": "web",
}
ANYTHING = Variables({"input": Kind.JSON, "steps": Kind.JSON})


def values(rows: int) -> dict[str, Any]:
    """The variables of an execution of which one step gave `rows` rows."""
    return {
        "input": {"order": "order_4711", "total": 4200},
        "steps": {
            "charge": {"status": "SUCCEEDED", "output": {"status": 200, "body": {"total": 4200}}, "error": None},
            "read": {"status": "SUCCEEDED", "output": [{"id": row, "text": "." * 180} for row in range(rows)]},
        },
    }


def ways() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Each way with its name."""
    for name, text in (("path", PATH), ("condition", CONDITION)):
        yield f"{name}, everything to CEL", cel.compile(text, variables=ANYTHING).evaluate
        yield name, Expression(text).evaluate
    yield "body of four expressions", Compiler(lambda *_: None).template(BODY, "").evaluate


def main() -> None:
    """Print the microseconds that each way takes."""
    small, large = values(1), values(ROWS)
    for name, run in ways():
        took = []
        for given, rounds in ((small, ROUNDS), (large, ROUNDS // 100)):
            run(given)
            start = perf_counter()
            for _ in range(rounds):
                run(given)
            took.append((perf_counter() - start) / rounds * 1e6)
        print(f"{name:<28}{took[0]:8.1f} µs{took[1]:12.1f} µs with 1 MB")


if __name__ == "__main__":
    main()
