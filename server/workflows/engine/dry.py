"""Runs a definition with made up outputs, in memory: nothing is reached, nothing is written, and no time passes.

The machine is the real one, so what is shown is what would happen if the steps gave these outputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Pause, Result, StepFailed, StepType, Types, Waiting
from server.workflows.engine.types import WAITING, Ending, Facts, Moves, Note, Record, StepError
from server.workflows.language.definition import Definition

#: A rehearsal with more records than this is cut off.
MAX_RECORDS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Mock:
    """What a step gives in place of what it would: an output, or an error."""

    output: Any = None
    error: StepError | None = None

    def result(self) -> Result:
        """The output. Raises StepFailed with the error."""
        if self.error is not None:
            raise StepFailed(self.error)
        return Result(self.output)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What happened: the records in their order, with times as if every wait had been waited for, and the ending."""

    records: tuple[Record, ...]
    ending: Ending


def rehearse(
    definition: Definition, facts: Facts, *, types: Types, mocks: Mapping[str, Mock] | None = None
) -> Rehearsal:
    """Run `definition` from `facts.create_time` on.

    `mocks` are by a step's path, or by its id for every time that it is made. Steps that reach outside, or wait for
    something from there, give null without one. Steps that wait for a time are jumped over.
    """
    return _Stage(definition, facts, types, mocks or {}).play()


class _Stage:
    def __init__(self, definition: Definition, facts: Facts, types: Types, mocks: Mapping[str, Mock]) -> None:
        stage: dict[str, StepType] = {
            name: _Stub(kind) if isinstance(kind, Waiting) else kind for name, kind in types.items()
        }
        self._machine = Machine(definition, facts, types=stage, luck=lambda: 0.0)
        self._mocks = mocks
        self._now = facts.create_time
        self._records: dict[tuple[str, int], Record] = {}

    def play(self) -> Rehearsal:
        while True:
            moves = self._machine.next(self._now)
            for note in moves.notes:
                self._keep(note)
            if moves.ending is not None:
                return Rehearsal(tuple(self._records.values()), moves.ending)
            if len(self._records) > MAX_RECORDS:
                return Rehearsal(tuple(self._records.values()), _cut_off())
            if not self._act(moves) and not moves.more and moves.due_time is not None:
                self._now = max(self._now, moves.due_time)

    def _act(self, moves: Moves) -> bool:
        for task in moves.tasks:
            try:
                self._keep(self._machine.succeed(task, self._mock(task.path).result(), self._now))
            except StepFailed as failed:
                self._keep(self._machine.fail(task, failed.error, self._now))
        waits = [note for note in moves.notes if note.record.status == WAITING and self._is_mocked(note)]
        for note in waits:
            end = self._machine.resolve(note.record.path, self._mock(note.record.path), self._now)
            if end is not None:
                self._keep(end)
        return bool(moves.tasks or waits)

    def _keep(self, note: Note) -> None:
        # The end of a wait comes after what happened meanwhile.
        key = (note.record.path, note.record.attempt)
        self._records.pop(key, None)
        self._records[key] = note.record

    def _mock(self, path: str) -> Mock:
        return self._mocks.get(path) or self._mocks.get(path.rpartition("/")[2]) or Mock()

    def _is_mocked(self, note: Note) -> bool:
        path = note.record.path
        return note.wait is not None or path in self._mocks or path.rpartition("/")[2] in self._mocks


class _Stub(Waiting):
    """A wait whose end is a mock."""

    name = "stub"
    summary = "Ends with a mock."
    schema: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, kind: Waiting) -> None:
        self._kind = kind

    def begin(self, config: Any, *, now: datetime) -> Pause:
        return self._kind.begin(config, now=now)

    def resolve(self, _config: Any, resolution: Mock) -> Result:
        return resolution.result()

    def expire(self, config: Any) -> Result:
        return self._kind.expire(config)


def _cut_off() -> Ending:
    message = f"A dry run makes at most {MAX_RECORDS:,} records. Give it less input."
    return Ending("FAILED", error=StepError("STEP_LIMIT", message, retryable=False))
