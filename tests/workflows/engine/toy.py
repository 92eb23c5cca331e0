"""Definitions without CEL: expressions are functions, and work is whatever the test says it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Context, Effect, Result
from server.workflows.engine.types import Ending, Facts, Moves, Note, Record, StepError, Task, Wait
from server.workflows.language.definition import Branch, Definition, Expression, OnError, Retry, Scope, Step
from server.workflows.language.faults import ExpressionFailed, Failure
from server.workflows.steps import registry

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Fn:
    """An expression that is a function of the variables."""

    make: Callable[[Mapping[str, Any]], Any]
    text: str = "fn"

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        return self.make(values)

    def needed(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"input": values["input"]}


def const(value: Any) -> Fn:
    return Fn(lambda _: value)


def broken(_values: Mapping[str, Any]) -> Any:
    raise ExpressionFailed(Failure("a.b", "/steps/0/if", "No such key: b."))


class Work(Effect):
    """What the driver of the test makes of it."""

    name = "work"
    summary = "Works."
    schema: ClassVar[Mapping[str, Any]] = {}

    async def run(self, context: Context) -> Result:
        return Result(context.config)


TYPES = {**registry.TYPES, "work": Work()}


def work(step_id: str, *needs: str, **more: Any) -> Step:
    return Step(step_id, "work", needs=needs, **more)


def pure(step_id: str, *needs: str, output: Any = None, **more: Any) -> Step:
    made = output if isinstance(output, Fn) else const(output)
    return Step(step_id, "transform", needs=needs, config=Fn(lambda v: {"output": made.evaluate(v)}), **more)


def step(step_id: str, kind: str, *needs: str, config: Any = None, **more: Any) -> Step:
    given = config if isinstance(config, Fn) or config is None else const(config)
    return Step(step_id, kind, needs=needs, config=given, **more)


def foreach(step_id: str, items: Any, *body: Step, n: int = 1, **more: Any) -> Step:
    expressions: dict[str, Expression] = {"items": items if isinstance(items, Fn) else const(items)}
    return step(step_id, "foreach", config={"concurrency": n}, expressions=expressions, body=Scope(body), **more)


def parallel(step_id: str, *branches: tuple[Step, ...], **more: Any) -> Step:
    made = tuple(Branch("abcdefgh"[at], None, Scope(steps)) for at, steps in enumerate(branches))
    return step(step_id, "parallel", branches=made, **more)


def goto(target: str) -> OnError:
    return OnError("GOTO", target)


CONTINUE = OnError("CONTINUE")


def define(*steps: Step, on_failure: tuple[Step, ...] = (), output: Fn | None = None) -> Definition:
    return Definition(Scope(steps, output), {}, on_failure=Scope(on_failure) if on_failure else None)


def facts(*, generation: int = 1, given: Any = None, timeout: timedelta = 300 * DAY, depth: int = 0) -> Facts:
    return Facts(
        execution_id=UUID(int=1),
        workspace_id=UUID(int=2),
        workflow_id=UUID(int=3),
        workflow_name="toy",
        version=1,
        generation=generation,
        input=given,
        trigger={"kind": "MANUAL"},
        workspace={"slug": "acme"},
        secrets={},
        create_time=START,
        timeout_time=START + timeout,
        depth=depth,
    )


class Drive:
    """Drives a machine as a runner does, one thing at a time; what is written down outlives a crash."""

    def __init__(self, definition: Definition, known: Facts | None = None, records: tuple[Record, ...] = ()) -> None:
        self.definition = definition
        self.facts = known or facts()
        self.now = START
        self.written: list[Record] = list(records)
        self.notes: list[Note] = []
        self.began: list[tuple[str, int]] = []
        self.tasks: dict[str, Task] = {}
        self.due: datetime | None = None
        self.ending: Ending | None = None
        self.machine = self.fresh()

    def fresh(self) -> Machine:
        """A machine built from what is written, which the database gives in any order."""
        return Machine(self.definition, self.facts, reversed(self.written), types=TYPES, luck=lambda: 0.0)

    def crash(self, *, lost: int = 0) -> None:
        """The runner dies, and with it what was not written: the last `lost` records."""
        if lost:
            del self.written[-lost:]
            del self.notes[-lost:]
        self.tasks.clear()
        self.ending = None
        self.machine = self.fresh()

    def tick(self) -> datetime:
        """No two things happen at the same time."""
        self.now += timedelta(microseconds=1)
        return self.now

    def write(self, note: Note | None) -> None:
        if note is not None:
            self.notes.append(note)
            self.written.append(note.record)

    def next(self) -> "Drive":
        """Everything that is next, until something has to happen."""
        more = True
        while more:
            moves = self.machine.next(self.now)
            for note in moves.notes:
                self.write(note)
            for task in moves.tasks:
                assert task.path not in self.tasks
                self.tasks[task.path] = task
                self.began.append((task.path, len(self.written)))
            more, self.due, self.ending = moves.more, moves.due_time, moves.ending
        return self

    def succeed(self, path: str, output: Any = None) -> "Drive":
        self.write(self.machine.succeed(self.tasks.pop(path), Result(output), self.tick()))
        return self.next()

    def fail(self, path: str, code: str = "BROKEN", *, retryable: bool = True) -> "Drive":
        error = StepError(code, "It broke.", retryable=retryable)
        self.write(self.machine.fail(self.tasks.pop(path), error, self.tick()))
        return self.next()

    def abandon(self, path: str) -> "Drive":
        self.write(self.machine.abandon(self.tasks.pop(path), self.tick()))
        return self.next()

    def resolve(self, path: str, resolution: Any = None) -> "Drive":
        self.write(self.machine.resolve(path, resolution, self.tick()))
        return self.next()

    def pass_time(self, seconds: float | None = None) -> "Drive":
        """Let so many seconds pass, or the time until something is due."""
        if seconds is not None:
            self.now += timedelta(seconds=seconds)
        elif self.due is not None:
            self.now = max(self.now, self.due)
        return self.next()

    def cancel(self) -> "Drive":
        self.machine.cancel(self.now)
        return self.next()

    @property
    def last(self) -> dict[str, Record]:
        """The latest record of each path."""
        return {record.path: record for record in self.written}

    def statuses(self) -> dict[str, str]:
        return {path: record.status for path, record in self.last.items()}

    def order(self) -> list[str]:
        return [f"{record.path} {record.status}" for record in self.written]


def ended(what: Drive | Moves) -> Ending:
    """How the execution ended; it has to have ended."""
    assert what.ending is not None
    return what.ending


def failed(what: Drive | Moves | Record) -> StepError:
    """The error of a step, or of an execution that has ended; there has to be one."""
    error = what.error if isinstance(what, Record) else ended(what).error
    assert error is not None
    return error


def wait_of(note: Note) -> Wait:
    """What is set up with the record; there has to be something."""
    assert note.wait is not None
    return note.wait


RETRIED = Retry(max_attempts=3, initial=1, factor=2, jitter=0)
