"""How steps begin: from what is recorded, or anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from server.workflows.engine import ending, opening
from server.workflows.engine.limits import MAX_DEPTH, MAX_WAIT
from server.workflows.engine.state import Failure, Frame, Node, Run, State, evaluate, view
from server.workflows.engine.step_types import Block, Effect, Pause, Pure, Result, StepFailed, Waiting
from server.workflows.engine.types import FAILED, SKIPPED, SUCCEEDED, WAITING, Record, StepError, Task
from server.workflows.language.definition import Expression


def take(run: Run, item: tuple[Frame, int] | Node) -> None:
    """Decide one entry of the queue."""
    if isinstance(item, Node):
        if item.state is State.BLOCK:
            advance(run, item)
        elif item.state is State.RETRY:
            guarded(run, item)
        return
    frame, at = item
    if at == opening.WHOLE:
        _begin_frame(run, frame)
    else:
        begin(run, frame, at)


def _begin_frame(run: Run, frame: Frame) -> None:
    knot = frame.graph.knot
    if knot:
        error = StepError("INTERNAL", f"The steps {', '.join(knot)} wait for each other.", retryable=False)
        frame.failure = Failure(run.now, frame.prefix.rstrip("/"), error)
        ending.halt(run, frame)
        return
    run.queue.extend((frame, at) for at in frame.graph.first)
    ending.settle(run, frame)


def begin(run: Run, frame: Frame, at: int) -> None:
    """A step is next: all that it waits for is done."""
    step = frame.graph.steps[at]
    path = frame.prefix + step.id
    record = run.past.take(path)
    if record is not None:
        recall(run, frame, at, record)
        return
    if frame.halted:
        return
    opened = run.past.opened(path)
    if opened is None and run.replaying:
        run.later.append((frame, at))
        return
    node = Node(frame, at, path=path, start=opened or run.now)
    if not frame.taken[at]:
        ending.skip(run, node, onward=False)
    elif opened is not None or _wanted(run, node):
        guarded(run, node)


def _wanted(run: Run, node: Node) -> bool:
    condition = node.step.condition
    if condition is None:
        return True
    try:
        holds = _truth(evaluate(condition, node.frame.values))
        if not holds:
            run.limits.begin(counted=False)
    except StepFailed as failed:
        ending.lose(run, node, failed.error)
        return False
    if not holds:
        ending.skip(run, node, onward=True)
    return holds


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise StepFailed(StepError("EXPRESSION_FAILED", "Let `if` give true or false.", retryable=False))
    return value


def recall(run: Run, frame: Frame, at: int, record: Record) -> None:
    """A step of which there is a record goes on from it."""
    if record.generation == run.facts.generation and record.status != SKIPPED and frame.counted:
        run.limits.steps += record.attempt
    if record.status == SUCCEEDED:
        run.limits.recall(record.output)
        ending.pass_on(run, frame, at, view(SUCCEEDED, record.output), onward=True)
        ending.settle(run, frame)
    elif record.status == SKIPPED:
        ending.pass_on(run, frame, at, view(SKIPPED), onward=frame.taken[at])
        ending.settle(run, frame)
    elif record.status == WAITING or (record.status == FAILED and record.due_time is not None):
        _resume(run, Node(frame, at, path=record.path, start=record.start_time), record)
    elif record.status == FAILED:
        ending.fall(run, frame, at, record)
    else:
        # Its scope was halted when it was cancelled; what halted it is recorded, or comes again.
        frame.steps[frame.graph.steps[at].id] = view(record.status)
        run.cancelled.append((frame, record))


def _resume(run: Run, node: Node, record: Record) -> None:
    frame = node.frame
    node.attempt = record.attempt
    if record.status == WAITING:
        run.enter(node, State.WAIT, record.due_time)
        if frame.halted:
            ending.drop(run, node)
    elif frame.halted:
        frame.steps[node.step.id] = view(FAILED, error=record.error)
    else:
        node.attempt += 1
        node.error = record.error
        run.enter(node, State.RETRY, record.due_time)
    ending.settle(run, frame)


def guarded(run: Run, node: Node) -> None:
    """Begin an attempt. Whatever goes wrong is the step's failure: an execution never hangs on it."""
    if node.state is State.RETRY:
        run.leave(node)
        node.start = run.now
    try:
        launch(run, node)
    except StepFailed as failed:
        ending.lose(run, node, failed.error)
    except Exception as error:  # noqa: BLE001 - a fault of a step's type must not keep the execution from its end
        ending.lose(run, node, StepError("INTERNAL", f"The step cannot begin: {error!r}", retryable=False))


def launch(run: Run, node: Node) -> None:
    """Begin an attempt by what the step's type is. Raises StepFailed."""
    step = node.step
    run.limits.begin(counted=node.frame.counted)
    kind = run.types.get(step.type)
    config = config_of(node)
    match kind:
        case Pure():
            ending.win(run, node, kind.decide(config))
        case Effect():
            run.enter(node, State.TASK)
            key = f"{run.name}/{node.path}/{run.facts.generation}"
            run.tasks.append(Task(node.path, node.attempt, step, config, key, node.start))
        case Waiting():
            _wait(run, node, kind.begin(config, now=run.now))
        case Block():
            node.progress = kind.open(step, config, _Seen(node.frame))
            due = None if step.timeout is None else node.start + timedelta(seconds=step.timeout)
            run.enter(node, State.BLOCK, due)
            run.queue.append(node)
        case _:
            raise StepFailed(StepError("INTERNAL", f"There is no type of step {step.type}.", retryable=False))


def config_of(node: Node) -> Mapping[str, Any]:
    """The step's `with`, evaluated. Raises StepFailed."""
    config = node.step.config
    return {} if config is None else evaluate(config, node.frame.values)


def _wait(run: Run, node: Node, pause: Pause) -> None:
    wait = pause.wait
    if wait is not None and wait.kind == "EXECUTION" and run.facts.depth >= MAX_DEPTH:
        raise StepFailed(
            StepError("DEPTH_LIMIT", f"Workflows start each other at most {MAX_DEPTH} deep.", retryable=False)
        )
    if wait is not None:
        run.limits.wait(wait)
    if pause.result is not None:
        ending.win(run, node, pause.result, wait=wait)
        return
    last = run.now + MAX_WAIT
    due = pause.due_time
    if due is not None and due > last:
        raise StepFailed(StepError("WAIT_TOO_LONG", f"A step waits at most {MAX_WAIT.days} days.", retryable=False))
    if wait is not None:
        match_ = node.step.expressions.get("match")
        if match_ is not None:
            wait = replace(wait, match=match_.text, variables=_named(match_, node.frame.values))
        if node.step.timeout is not None:
            due = min(due or last, run.now + timedelta(seconds=node.step.timeout))
    ending.write(run, node, WAITING, due=due or last, wait=wait)
    run.enter(node, State.WAIT, due or last)


def _named(expression: Expression, values: Mapping[str, Any]) -> Mapping[str, Any]:
    named = expression.needed(values)
    if "secrets" in named:
        message = "Let `match` name no secrets: what it names is stored while it waits."
        raise StepFailed(StepError("EXPRESSION_FAILED", message, retryable=False))
    return named


class _Seen:
    """Evaluates what a block asks for with what its step sees."""

    def __init__(self, frame: Frame) -> None:
        self._values = frame.values

    def __call__(
        self, expression: Expression, variables: Mapping[str, Any] | None = None, steps: Mapping[str, Any] | None = None
    ) -> Any:
        values = {**self._values, **variables} if variables else self._values
        if steps is not None:
            values = {**values, "steps": {**self._values["steps"], **steps}}
        return evaluate(expression, values)


def advance(run: Run, node: Node) -> None:
    """Open the next child of a block if it may have one more, or end it when there is none."""
    progress = node.progress
    kind = run.types.get(node.step.type)
    if node.halted or progress is None or not isinstance(kind, Block) or len(node.frames) >= progress.width:
        return
    if node.failure is not None and not run.past.remaining(node.path):
        return
    try:
        child = progress.next()
        if child is not None:
            opening.open_child(run, node, child, kind)
            if len(node.frames) < progress.width:
                run.queue.append(node)
        elif not node.frames and node.failure is None:
            ending.win(run, node, Result(progress.output()))
    except StepFailed as failed:
        if run.replaying:
            run.later.append(node)
        else:
            ending.lose(run, node, failed.error)
