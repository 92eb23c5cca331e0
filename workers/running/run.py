"""One execution while a runner has it: its machine, its attempts under way, and what is not written yet."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from server.core import clock
from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Types
from server.workflows.engine.types import Moves, Note, Task
from server.workflows.service.loading import Execution
from server.workflows.service.recording import Entry, Rest


class Run:
    """Of the loop's thread.

    `unwritten` counts entries that are on their way to the database, `serial` all that ever were. `wants_answers` says
    that something came from outside that was not read yet.
    """

    def __init__(self, execution: Execution, types: Types) -> None:
        self.execution = execution
        self.types = types
        self.machine = self._built()
        self.tasks: dict[str, tuple[Task, asyncio.Task[None]]] = {}
        self.pending = 0
        self.unwritten = 0
        self.serial = 0
        self.more = False
        self.ended = False
        self.wants_answers = False
        self.timer: asyncio.TimerHandle | None = None
        self.grace: asyncio.TimerHandle | None = None
        self._notes: list[Note] = []
        self._cached: list[Any] = []
        self._stale: list[str] = []
        self.pausing = execution.row.pause and execution.row.cancel_time is None
        if execution.row.cancel_time is not None:
            self.machine.cancel(clock.now())

    def _built(self) -> Machine:
        execution = self.execution
        return Machine(execution.definition, execution.facts, execution.records, types=self.types)

    def rebuild(self) -> None:
        """Forget what was decided, and decide anew from what is recorded; `execution` was read again."""
        self.machine = self._built()
        self._notes.clear()
        self._cached.clear()
        self.pending = 0
        self.more = self.ended = False

    def note(self, note: Note | None, *, cached: Any = None) -> None:
        """Have a note written with the next entry."""
        if note is not None:
            self._notes.append(note)
        if cached is not None:
            self._cached.append(cached)

    def answer(self, answers: Mapping[str, Any], now: datetime) -> None:
        """Give the machine what came for its waits; what it does not wait for any longer is passed over."""
        for path, resolution in answers.items():
            self.execution.heard.add(path)
            note = self.machine.resolve(path, resolution, now)
            if note is None:
                self._stale.append(path)
            self.note(note)

    def next(self, now: datetime) -> tuple[Entry | None, Moves]:
        """What is next: what is to be written first, if anything, and then the tasks, which come with the entry."""
        if self.pausing:
            return self._resting(now), Moves()
        moves = self.machine.next(now)
        self.more = moves.more
        notes = [*self._notes, *moves.notes]
        rests = not (moves.tasks or self.tasks or self.pending or moves.more or moves.ending)
        if not (notes or moves.ending or rests or self._cached):
            return None, moves
        entry = Entry(
            self.execution,
            notes,
            ending=moves.ending,
            rest=Rest(moves.due_time) if rests else None,
            cached=tuple(self._cached),
            stale=tuple(self._stale),
            tasks=moves.tasks,
            epoch=self.execution.epoch,
        )
        self._notes, self._cached, self._stale = [], [], []
        self.unwritten += 1
        self.serial += 1
        self.pending += len(moves.tasks)
        self.ended = moves.ending is not None
        return entry, moves

    def _resting(self, now: datetime) -> Entry | None:
        """What is to be written of one that is to pause; it is let go of when nothing is under way.

        If the wish is taken back before that is written, it is due at once.
        """
        rest = None if self.tasks or self.pending else Rest(now)
        if not (self._notes or self._cached or rest):
            return None
        entry = Entry(self.execution, self._notes, rest=rest, cached=tuple(self._cached), epoch=self.execution.epoch)
        self._notes, self._cached = [], []
        self.unwritten += 1
        self.serial += 1
        return entry

    def let_go(self) -> None:
        """End what is under way for it in this process."""
        self.ended = True
        for handle in (self.timer, self.grace):
            if handle is not None:
                handle.cancel()
        self.timer = self.grace = None
        for _, task in self.tasks.values():
            task.cancel()
        self.tasks.clear()
