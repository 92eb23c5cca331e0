"""The interpreter of workflows. Read this first.

An execution is a definition, some facts (its input, what triggered it) and **records**: one for each attempt of a step
that ended, and for each wait. A `Machine` is built from them, and says what is next:

    machine = Machine(definition, facts, records, types=registry.TYPES)
    moves = machine.next(now)          # notes to write down, then tasks to begin
    note = machine.succeed(task, result, now)   # or fail: one more note
    moves = machine.next(now)          # … until moves.ending

It does nothing itself. Who drives it writes the notes into the database *before* it begins the tasks, so whatever a
task does rests on what is durable. When the driver dies, another builds a machine from the records that were written,
at any point, and gets the same next moves; only tasks that had no record yet are made again.

How it works inside:

- A **scope** is a list of steps that may need each other; an open one is a `Frame` (`state`). It counts for each step
  how many others it still waits for. When a step ends, those that waited for it alone go into the **queue**, marked
  *taken* if the step that ended led to them: it succeeded, its `if` did not hold, its failure was gone on from, or its
  failure begins them (GOTO). A step that nothing led to is SKIPPED; so a dead path dies to its end.
- `next` works the queue off (`beginning`): a pure step is decided at once and becomes a note; an effect becomes a task;
  a wait becomes a note and a timer; a block (`foreach`, `while`, `switch`, `parallel`) opens scopes inside, some at a
  time, as its `Progress` says. A step that has begun is a `Node`.
- A step that fails for good **halts** its scope (`ending`): nothing new begins, waits are cancelled, tasks may end.
  Then the scope closes and its block fails in turn; up to a block whose `on_error` goes on, or to the execution. All
  scopes that will fail are halted at once, not when the failure gets there. Then the steps of `on_failure` run.
- **Rebuilding** is the same walk with answers from the records (`history`). First only steps of which there is a record
  are taken; what would be new is put aside until all that is recorded is known, since one of those may be a failure.
- Each call costs in proportion to what changed. A child of a `foreach` is forgotten when it ends, except its output.

Decisions rest on input, outputs and facts alone, and luck is given: there is no clock, no database, no network.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from server.workflows.engine import beginning, ending, opening
from server.workflows.engine.history import History
from server.workflows.engine.state import Failure, Node, Run, State
from server.workflows.engine.step_types import Result, StepFailed, Types, Waiting
from server.workflows.engine.types import (
    CANCELLED,
    TIMED_OUT,
    Emission,
    Ending,
    Facts,
    Line,
    Moves,
    Note,
    Record,
    StepError,
    Task,
)
from server.workflows.language.definition import Definition

#: How many notes one call of `next` gives, about: a batch for the database, and a pause for others.
BATCH: Final = 256


def accept(_emission: Emission) -> StepError | None:
    """Take every event."""
    return None


class Machine:
    """One execution, from what is recorded to its end. Not thread-safe; every time is an aware datetime.

    `records` are all of the execution, of all generations, in any order. `types` are the step types by name. `luck`
    gives 0 to 1 for the jitter of retries. `accepts` says what is wrong with an event that a step wants to publish; the
    step fails with that.
    """

    def __init__(
        self,
        definition: Definition,
        facts: Facts,
        records: Iterable[Record] = (),
        *,
        types: Types,
        luck: Callable[[], float] = random.random,
        accepts: Callable[[Emission], StepError | None] = accept,
    ) -> None:
        past = History(definition, records, facts.generation)
        self._run = Run(definition, facts, past, types=types, luck=luck, accepts=accepts)
        opening.open_root(self._run)

    @property
    def running(self) -> Sequence[str]:
        """Paths of the tasks that were given out and have not come back."""
        return [node.path for node in self._run.nodes.values() if node.state is State.TASK]

    @property
    def waiting(self) -> Mapping[str, datetime | None]:
        """When the open waits are over by themselves, by path."""
        return {node.path: node.due for node in self._run.nodes.values() if node.state is State.WAIT}

    @property
    def stopping(self) -> bool:
        """Whether it was cancelled or has timed out: tasks that run too long now may be abandoned."""
        return self._run.stopping is not None

    def next(self, now: datetime) -> Moves:
        """What is next. Resolve what came from outside before: a wait that is due at `now` ends here.

        Call it again at once when `more` is set, at `due_time`, and after each `succeed`, `fail`, `abandon` and
        `resolve`. With no task running and no `more`, nothing happens before `due_time` unless it comes from outside.
        """
        run = self._run
        run.now = now
        if run.replaying:
            _replay(run)
        if run.stopping is None and run.ending is None and now >= run.facts.timeout_time:
            self.time_out(now)
        _stop(run)
        _fire(run)
        while run.queue and len(run.notes) < BATCH:
            beginning.take(run, run.queue.popleft())
        moves = Moves(tuple(run.notes), tuple(run.tasks), run.ending, _due(run), bool(run.queue))
        run.notes.clear()
        run.tasks.clear()
        return moves

    def succeed(self, task: Task, result: Result, now: datetime, lines: Sequence[Line] = ()) -> Note:
        """A task gave `result`. The note may say FAILED: an output too large, an event that is not accepted."""
        node = self._node(task)
        return self._noted(now, lambda: ending.win(self._run, node, result, lines=lines))

    def fail(self, task: Task, error: StepError, now: datetime, lines: Sequence[Line] = ()) -> Note:
        """A task failed. The note's record has a `due_time` when it is to be tried again."""
        node = self._node(task)
        return self._noted(now, lambda: ending.lose(self._run, node, error, lines=lines))

    def abandon(self, task: Task, now: datetime, lines: Sequence[Line] = ()) -> Note:
        """A task was cut off; its step is CANCELLED. Only when its scope is halted: elsewhere that is a failure."""
        node = self._node(task)
        if not node.frame.halted:
            return self.fail(task, StepError(CANCELLED, "The step was cancelled.", retryable=False), now, lines)
        return self._noted(now, lambda: _abandon(self._run, node, lines))

    def resolve(self, path: str, resolution: Any, now: datetime) -> Note | None:
        """What the wait at `path` waited for came. None when there is no such wait (any more)."""
        if self._run.replaying:
            self._run.now = now
            _replay(self._run)
        node = self._run.nodes.get(path)
        if node is None or node.state is not State.WAIT:
            return None
        return self._noted(
            now, lambda: _end_wait(self._run, node, lambda kind, config: kind.resolve(config, resolution))
        )

    def cancel(self, now: datetime) -> None:
        """End it: nothing new begins, waits are cancelled, running tasks may end or be abandoned. Then CANCELLED."""
        self._run.now = now
        if self._run.stopping is None:
            self._run.stopping = Ending(CANCELLED)

    def time_out(self, now: datetime) -> None:
        """End it as `cancel` does, with TIMED_OUT. `next` does so by itself at `facts.timeout_time`."""
        self._run.now = now
        if self._run.stopping is None:
            error = StepError("TIMEOUT", "The execution took longer than its workflow allows.", retryable=False)
            self._run.stopping = Ending(TIMED_OUT, error=error)

    def _node(self, task: Task) -> Node:
        node = self._run.nodes[task.path]
        if node.state is not State.TASK or node.attempt != task.attempt:
            raise KeyError(f"attempt {task.attempt} of {task.path} is not running")
        return node

    def _noted(self, now: datetime, change: Callable[[], None]) -> Note:
        """The first note that `change` makes; those that follow from it are left to `next`."""
        run = self._run
        run.now = now
        at = len(run.notes)
        change()
        return run.notes.pop(at)


def _replay(run: Run) -> None:
    """Take what is recorded. Failures halt only when all of it is known, so that nothing recorded is passed by."""
    while run.queue or run.failed:
        while run.queue:
            beginning.take(run, run.queue.popleft())
        failed, run.failed = run.failed, []
        for frame in failed:
            ending.halt(run, frame)
    run.replaying = False
    run.queue = run.later


def _stop(run: Run) -> None:
    """Halt everything when it is to end, and what was cancelled for a reason that is gone."""
    if run.stopping is not None and run.root is not None and not run.root.halted:
        ending.stop(run, run.root)
    for frame, record in run.cancelled:
        if not frame.halted and not frame.closed:
            error = StepError(CANCELLED, "The step was cancelled.", retryable=False)
            frame.failure = Failure(record.end_time or run.now, record.path, error)
            ending.halt(run, frame)
    run.cancelled.clear()


def _fire(run: Run) -> None:
    while (node := run.next_timer()) is not None and node.due is not None and node.due <= run.now:
        node.due = None
        if node.state is State.WAIT:
            _end_wait(run, node, lambda kind, config: kind.expire(config))
        elif node.state is State.RETRY:
            run.queue.append(node)
        else:
            message = f"The step took longer than its {node.step.timeout:g} s."
            ending.expire_block(run, node, StepError("TIMEOUT", message, retryable=False))


def _due(run: Run) -> datetime | None:
    if run.ending is not None:
        return None
    node = run.next_timer()
    if run.stopping is not None:
        return node.due if node is not None else None
    return (
        min(run.facts.timeout_time, node.due) if node is not None and node.due is not None else run.facts.timeout_time
    )


def _abandon(run: Run, node: Node, lines: Sequence[Line]) -> None:
    ending.drop(run, node, lines=lines)
    ending.settle(run, node.frame)


def _end_wait(run: Run, node: Node, give: Callable[[Waiting, Mapping[str, Any]], Result]) -> None:
    kind = run.types.get(node.step.type)
    if not isinstance(kind, Waiting):
        error = StepError("INTERNAL", f"{node.step.type} is no type of step that waits.", retryable=False)
        ending.lose(run, node, error)
        return
    try:
        result = give(kind, beginning.config_of(node))
    except StepFailed as failed:
        ending.lose(run, node, failed.error)
    except Exception as fault:  # noqa: BLE001 - a fault of a step's type must not keep the execution from its end
        ending.lose(run, node, StepError("INTERNAL", f"The wait cannot end: {fault!r}", retryable=False))
    else:
        ending.win(run, node, result)
