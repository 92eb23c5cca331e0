"""`foreach`: runs its steps for each item, some at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from server.workflows.engine.step_types import Block, Child, Evaluate, Progress
from server.workflows.language.definition import Scope, Step
from server.workflows.steps import reading, schemas

MAX_ITEMS: Final = 10_000
MAX_WIDTH: Final = 100


class Foreach(Block):
    """Outputs come in the order of the items, whichever ended first."""

    name = "foreach"
    summary = "Runs steps for each item of a list, in order or some at a time."
    schema = schemas.record(
        ("items",),
        items=schemas.described(
            {**schemas.CEL, "x-result": "array"},
            f"A list of at most {MAX_ITEMS:,}; `item` and `index` are seen inside.",
        ),
        concurrency=schemas.described(
            {"type": "integer", "minimum": 1, "maximum": MAX_WIDTH, "default": 1}, "How many run at a time."
        ),
        output=schemas.described(schemas.INSIDE, "The output of one item. Absent: the outputs of its steps by id."),
    )
    output_schema = schemas.described({"type": "array"}, "The output of each item, in order.")
    has_body = True
    bounded = True

    def open(self, step: Step, config: Mapping[str, Any], evaluate: Evaluate) -> Progress:
        """Evaluates the items."""
        items = evaluate(step.expressions["items"])
        if not isinstance(items, list | tuple):
            raise reading.failed("EXPRESSION_FAILED", "Let `items` give a list.", field="items")
        if len(items) > MAX_ITEMS:
            raise reading.failed("STEP_LIMIT", f"Give at most {MAX_ITEMS:,} items; these are {len(items):,}.")
        width = reading.integer(config, "concurrency", 1, most=MAX_WIDTH)
        return _Items(step.body or Scope(()), items, width)


class _Items(Progress):
    def __init__(self, body: Scope, items: Sequence[Any], width: int) -> None:
        self.width = width
        self._body = body
        self._items = items
        self._next = 0
        self._outputs: list[Any] = [None] * len(items)

    def next(self) -> Child | None:
        index = self._next
        if index == len(self._items):
            return None
        self._next += 1
        return Child(f"[{index}]", self._body, {"item": self._items[index], "index": index})

    def take(self, child: Child, output: Any, _steps: Mapping[str, Any]) -> None:
        self._outputs[child.variables["index"]] = output

    def output(self) -> Any:
        return self._outputs
