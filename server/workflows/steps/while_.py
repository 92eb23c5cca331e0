"""`while`: runs its steps again and again as long as a condition holds."""

from collections.abc import Mapping
from typing import Any, Final

from server.workflows.engine.step_types import Block, Child, Evaluate, Progress
from server.workflows.language.definition import Scope, Step
from server.workflows.steps import reading, schemas

MAX_ITERATIONS: Final = 1000


class While(Block):
    """The condition is asked before each iteration; it sees the steps of the one before, which are null at first."""

    name = "while"
    summary = "Runs steps as long as a condition holds."
    schema = schemas.record(
        ("condition",),
        condition=schemas.described(
            {**schemas.INSIDE, "x-result": "boolean"},
            "Asked before each iteration; sees the last one's steps and `index`.",
        ),
        max_iterations=schemas.described(
            {"type": "integer", "minimum": 1, "maximum": MAX_ITERATIONS, "default": 100},
            "When it still holds after so many, the step fails with LOOP_LIMIT.",
        ),
        output=schemas.described(schemas.INSIDE, "The output of an iteration. Absent: the outputs of its steps by id."),
    )
    output_schema = schemas.record(
        iterations={"type": "integer"}, output=schemas.described(schemas.ANY, "Of the last one; null without any.")
    )
    has_body = True

    def open(self, step: Step, config: Mapping[str, Any], evaluate: Evaluate) -> Progress:
        """Nothing is asked yet."""
        most = reading.integer(config, "max_iterations", 100, most=MAX_ITERATIONS)
        return _Iterations(step, most, evaluate)


class _Iterations(Progress):
    def __init__(self, step: Step, most: int, evaluate: Evaluate) -> None:
        self._condition = step.expressions["condition"]
        self._body = step.body or Scope(())
        self._most = most
        self._evaluate = evaluate
        self._index = 0
        self._last: Any = None
        self._steps: Mapping[str, Any] = dict.fromkeys(inner.id for inner in self._body.steps)

    def next(self) -> Child | None:
        holds = self._evaluate(self._condition, {"index": self._index}, self._steps)
        if not isinstance(holds, bool):
            raise reading.failed("EXPRESSION_FAILED", "Let `condition` give true or false.", field="condition")
        if not holds:
            return None
        if self._index == self._most:
            raise reading.failed("LOOP_LIMIT", f"The condition still holds after {self._most:,} iterations.")
        self._index += 1
        return Child(f"[{self._index - 1}]", self._body, {"index": self._index - 1})

    def take(self, _child: Child, output: Any, steps: Mapping[str, Any]) -> None:
        self._last = output
        self._steps = steps

    def output(self) -> Any:
        return {"iterations": self._index, "output": self._last}
