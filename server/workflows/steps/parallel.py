"""`parallel`: runs all of its branches at once."""

from collections.abc import Mapping
from typing import Any

from server.workflows.engine.step_types import Block, Child, Evaluate, Progress
from server.workflows.language.definition import Branch, Step
from server.workflows.steps import schemas


class Parallel(Block):
    """Ends when all branches have; when one fails, the others begin nothing more."""

    name = "parallel"
    summary = "Runs branches at once and gives the output of each."
    schema = schemas.record()
    output_schema = schemas.described(schemas.OBJECT, "The output of each branch by its name.")
    has_branches = True

    def open(self, step: Step, _config: Mapping[str, Any], _evaluate: Evaluate) -> Progress:
        """All of them."""
        return _Branches(step.branches)


class _Branches(Progress):
    def __init__(self, branches: tuple[Branch, ...]) -> None:
        self.width = max(1, len(branches))
        self._branches = branches
        self._next = 0
        self._outputs: dict[str, Any] = {branch.name: None for branch in branches}

    def next(self) -> Child | None:
        if self._next == len(self._branches):
            return None
        branch = self._branches[self._next]
        self._next += 1
        return Child(f":{branch.name}", branch.scope)

    def take(self, child: Child, output: Any, _steps: Mapping[str, Any]) -> None:
        self._outputs[child.key[1:]] = output

    def output(self) -> Any:
        return self._outputs
