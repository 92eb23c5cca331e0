"""`switch`: runs the first of its branches whose condition holds."""

from collections.abc import Mapping
from typing import Any

from server.workflows.engine.step_types import Block, Child, Evaluate, Progress
from server.workflows.language.definition import Branch, Step
from server.workflows.steps import reading, schemas


class Switch(Block):
    """A branch without `when` is taken when none before it is. None at all: the step succeeds with nulls."""

    name = "switch"
    summary = "Runs the first branch whose condition holds."
    schema = schemas.CHOICE
    output_schema = schemas.record(branch={"type": ["string", "null"]}, output=schemas.ANY)
    has_branches = True

    def open(self, step: Step, _config: Mapping[str, Any], evaluate: Evaluate) -> Progress:
        """Chooses."""
        for branch in step.branches:
            holds = True if branch.when is None else evaluate(branch.when)
            if not isinstance(holds, bool):
                raise reading.failed(
                    "EXPRESSION_FAILED", f"Let `when` of {branch.name} give true or false.", branch=branch.name
                )
            if holds:
                return _Choice(branch)
        return _Choice(None)


class _Choice(Progress):
    def __init__(self, branch: Branch | None) -> None:
        self._branch = branch
        self._opened = branch is None
        self._output: Any = None

    def next(self) -> Child | None:
        if self._opened or self._branch is None:
            return None
        self._opened = True
        return Child(f":{self._branch.name}", self._branch.scope)

    def take(self, _child: Child, output: Any, _steps: Mapping[str, Any]) -> None:
        self._output = output

    def output(self) -> Any:
        return {"branch": self._branch.name if self._branch else None, "output": self._output}
