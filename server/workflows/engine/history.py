"""What is recorded of an execution, by path: what a rebuilt machine need not decide again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from server.workflows.engine.limits import FATAL
from server.workflows.engine.types import FAILED, SUCCEEDED, Record
from server.workflows.language.definition import FAIL, Definition, Scope

#: What the paths of the steps for when the execution fails begin with.
ON_FAILURE: Final = "on_failure/"


class History:
    """The record that counts for each path, each given out once.

    Of the latest generation, that is the latest attempt. Of earlier generations only what is settled counts: what
    succeeded, and failures that the definition went on from (`on_error`). All else is made again, and so is what runs
    when the execution fails.
    """

    def __init__(self, definition: Definition, records: Iterable[Record], generation: int) -> None:
        self._records: dict[str, Record] = {}
        self._blocks: dict[str, _Inside] = {}
        records = list(records)
        self.count = len(records)
        caught = set(_caught(definition)) if any(record.generation < generation for record in records) else set()
        for record in records:
            if record.generation == generation or _settled(record, caught):
                self._keep(record)

    def _keep(self, record: Record) -> None:
        present = self._records.get(record.path)
        if present is None or _order(present) < _order(record):
            self._records[record.path] = record
        child, slash, _ = record.path.rpartition("/")
        while slash:
            path, key = _parts(child)
            block = self._blocks.get(path)
            if block is None:
                block = self._blocks[path] = _Inside(record.start_time)
            block.start = min(block.start, record.start_time)
            if key in block.children:
                break
            block.children.add(key)
            child, slash, _ = path.rpartition("/")

    def take(self, path: str) -> Record | None:
        """The record that counts; None when there is none, or it was taken."""
        return self._records.pop(path, None) if self._records else None

    def opened(self, path: str) -> datetime | None:
        """When the block at `path` had begun for sure; None when nothing in it is recorded."""
        block = self._blocks.get(path)
        return None if block is None else block.start

    def entered(self, path: str, key: str) -> None:
        """Strike child `key` of the block at `path` off those that remain."""
        block = self._blocks.get(path)
        if block is not None:
            block.children.discard(key)

    def remaining(self, path: str) -> bool:
        """Whether a child of the block at `path` is recorded that was not entered yet."""
        block = self._blocks.get(path)
        return block is not None and bool(block.children)


@dataclass(slots=True)
class _Inside:
    start: datetime
    children: set[str] = field(default_factory=set)


def _settled(record: Record, caught: set[str]) -> bool:
    if record.path.startswith(ON_FAILURE):
        return False
    if record.status == FAILED and record.due_time is None and record.path.rpartition("/")[2] in caught:
        return record.error is None or record.error.code not in FATAL
    return record.status == SUCCEEDED


def _order(record: Record) -> tuple[bool, int, int, bool]:
    return record.status == SUCCEEDED, record.generation, record.attempt, record.end_time is not None


def _parts(child: str) -> tuple[str, str]:
    """`each[3]` is child `[3]` of `each`, `route:big` child `:big` of `route`; `on_failure` is no block's."""
    at = child.rindex("[") if child.endswith("]") else child.find(":", child.rfind("/") + 1)
    return (child[:at], child[at:]) if at >= 0 else (child, "")


def _caught(definition: Definition) -> Iterator[str]:
    scopes = [definition.scope]
    if definition.on_failure is not None:
        scopes.append(definition.on_failure)
    while scopes:
        scope = scopes.pop()
        for step in scope.steps:
            if step.on_error.action != FAIL:
                yield step.id
            scopes += _inside(step.body, *(branch.scope for branch in step.branches))


def _inside(body: Scope | None, *branches: Scope) -> list[Scope]:
    return [*branches] if body is None else [body, *branches]
