"""How steps end, and with them the scopes and blocks that hold them, up to the execution."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from server.workflows.engine import opening
from server.workflows.engine.limits import FATAL, fitting
from server.workflows.engine.retrying import next_attempt
from server.workflows.engine.state import Failure, Frame, Node, Run, State, evaluate, view
from server.workflows.engine.step_types import Block, Effect, Result, StepFailed
from server.workflows.engine.types import (
    CANCELLED,
    FAILED,
    SKIPPED,
    SUCCEEDED,
    WAITING,
    Ending,
    Line,
    Note,
    Record,
    StepError,
    Wait,
)
from server.workflows.language.definition import CONTINUE, FAIL, GOTO, Step

_NOTHING: Final = Result()


def win(run: Run, node: Node, result: Result, *, lines: Sequence[Line] = (), wait: Wait | None = None) -> None:
    """The step gave `result`. It fails all the same when that cannot be taken."""
    try:
        _check(run, result)
    except StepFailed as failed:
        lose(run, node, failed.error, lines=lines)
        return
    write(run, node, SUCCEEDED, result=result, lines=lines, wait=wait)
    run.leave(node)
    pass_on(run, node.frame, node.at, view(SUCCEEDED, result.output), onward=True)
    settle(run, node.frame)


def _check(run: Run, result: Result) -> None:
    for emission in result.emissions:
        error = run.accepts(emission)
        if error is not None:
            raise StepFailed(error)
    run.limits.output(result.output)


def lose(run: Run, node: Node, error: StepError, *, lines: Sequence[Line] = ()) -> None:
    """The attempt failed: another is due, or the step has failed and `on_error` says what comes of it."""
    frame = node.frame
    error = fitting(error)
    if not frame.halted and isinstance(run.types.get(node.step.type), Effect):
        due = next_attempt(node.step.retry, attempt=node.attempt, error=error, now=run.now, luck=run.luck())
        if due is not None:
            write(run, node, FAILED, error=error, due=due, lines=lines)
            run.leave(node)
            node.error = error
            node.attempt += 1
            run.enter(node, State.RETRY, due)
            return
    note = write(run, node, FAILED, error=error, lines=lines)
    run.leave(node)
    fall(run, frame, node.at, note.record)


def fall(run: Run, frame: Frame, at: int, record: Record) -> None:
    """A step has failed for good, as `record` says."""
    step = frame.graph.steps[at]
    error = record.error or StepError("INTERNAL", "The step failed.")
    action = action_of(step, error)
    seen = view(record.status, error=error)
    pass_on(run, frame, at, seen, onward=action == CONTINUE, rescue=action == GOTO)
    if action == FAIL:
        path = record.path
        if isinstance(run.types.get(step.type), Block):
            path = str(error.details.get("step", path))
        failure = Failure(record.end_time or run.now, path, error)
        frame.failure = failure if frame.failure is None else min(frame.failure, failure)
        if run.replaying:
            run.failed.append(frame)
        else:
            halt(run, frame)
    settle(run, frame)


def skip(run: Run, node: Node, *, onward: bool) -> None:
    """The step is not made: its `if` does not hold (its followers go on), or nothing led to it."""
    write(run, node, SKIPPED)
    pass_on(run, node.frame, node.at, view(SKIPPED), onward=onward)
    settle(run, node.frame)


def drop(run: Run, node: Node, *, lines: Sequence[Line] = ()) -> None:
    """The step ends without having been done. Its scope is halted, so nothing follows."""
    write(run, node, CANCELLED, lines=lines)
    run.leave(node)
    node.frame.steps[node.step.id] = view(CANCELLED)


def write(
    run: Run,
    node: Node,
    status: str,
    *,
    result: Result = _NOTHING,
    error: StepError | None = None,
    due: datetime | None = None,
    lines: Sequence[Line] = (),
    wait: Wait | None = None,
) -> Note:
    """Note a record of `node`."""
    if node.state is not State.WAIT or status == WAITING:
        # The end of a wait takes the place of its beginning.
        run.limits.records += 1
    record = Record(
        path=node.path,
        generation=run.facts.generation,
        attempt=node.attempt,
        type=node.step.type,
        status=status,
        start_time=node.start,
        end_time=None if status == WAITING else run.now,
        output=result.output,
        error=error,
        due_time=due,
    )
    note = Note(record, wait, result.emissions, tuple(lines))
    run.notes.append(note)
    return note


def pass_on(run: Run, frame: Frame, at: int, seen: Any, *, onward: bool, rescue: bool = False) -> None:
    """A step is done: those for whom it was the last to wait for are next, taken or not."""
    graph = frame.graph
    frame.steps[graph.steps[at].id] = seen
    frame.left -= 1
    for followers, taken in ((graph.onward[at], onward), (graph.rescue[at], rescue)):
        for follower in followers:
            frame.waiting[follower] -= 1
            if taken:
                frame.taken[follower] = True
            if not frame.waiting[follower]:
                run.queue.append((frame, follower))


def action_of(step: Step, error: StepError) -> str:
    """What comes of it when `step` fails with `error`."""
    return FAIL if error.code in FATAL else step.on_error.action


def halt(run: Run, frame: Frame) -> None:
    """Let nothing new begin in all that the failure of `frame` fails: up to the block that goes on from it."""
    failure = frame.failure
    node = frame.node
    while node is not None and failure is not None and action_of(node.step, failure.error) == FAIL:
        frame = node.frame
        node = frame.node
    marked: list[Frame | Node] = []
    if node is None:
        mark_frame(run, frame, marked)
    else:
        mark_node(run, node, marked)
    _settle_all(run, marked)


def stop(run: Run, frame: Frame) -> None:
    """Let nothing new begin in `frame`, whatever is in it."""
    marked: list[Frame | Node] = []
    mark_frame(run, frame, marked)
    _settle_all(run, marked)


def expire_block(run: Run, node: Node, error: StepError) -> None:
    """A block's time is over."""
    node.failure = Failure(run.now, node.path, error)
    marked: list[Frame | Node] = []
    mark_node(run, node, marked)
    _settle_all(run, marked)


def mark_frame(run: Run, frame: Frame, marked: list[Frame | Node]) -> None:
    """Halt `frame` and what is in it: waits are cancelled, attempts that are due are not made, tasks may end."""
    if frame.halted:
        return
    frame.halted = True
    for node in sorted(frame.live, key=lambda live: live.at):
        if node.state is State.WAIT:
            drop(run, node)
        elif node.state is State.RETRY:
            run.leave(node)
            frame.steps[node.step.id] = view(FAILED, error=node.error)
        elif node.state is State.BLOCK:
            mark_node(run, node, marked)
    marked.append(frame)


def mark_node(run: Run, node: Node, marked: list[Frame | Node]) -> None:
    """Halt a block: it opens no more children."""
    if node.halted:
        return
    node.halted = True
    for frame in sorted(node.frames, key=lambda frame: frame.prefix):
        mark_frame(run, frame, marked)
    marked.append(node)


def _settle_all(run: Run, marked: list[Frame | Node]) -> None:
    for item in marked:
        if isinstance(item, Frame):
            settle(run, item)
        else:
            settle_node(run, item)


def settle(run: Run, frame: Frame) -> None:
    """Close `frame` if nothing in it is left to do."""
    if not frame.closed and (not frame.left or (frame.halted and not frame.live)):
        close(run, frame)


def close(run: Run, frame: Frame) -> None:
    """A scope has ended: well, with a failure, or cut off."""
    frame.closed = True
    complete = not frame.left and frame.failure is None
    output = None
    if complete:
        try:
            output = output_of(frame)
            if frame.node is None:
                run.limits.output(output)
        except StepFailed as failed:
            complete = False
            frame.failure = Failure(run.now, frame.prefix.rstrip("/"), failed.error)
    if frame.node is None:
        end(run, frame, output, complete=complete)
        return
    frame.node.frames.discard(frame)
    if complete:
        _take(run, frame, output)
    if frame.failure is not None:
        node = frame.node
        node.failure = frame.failure if node.failure is None else min(node.failure, frame.failure)
        if run.replaying:
            run.failed.append(frame)
        else:
            halt(run, frame)
    settle_node(run, frame.node)


def _take(run: Run, frame: Frame, output: Any) -> None:
    node, child = frame.node, frame.child
    if node is None or child is None or node.progress is None:
        return
    own = {step.id: frame.steps[step.id] for step in frame.graph.steps}
    node.progress.take(child, output, own)
    run.queue.append(node)


def output_of(frame: Frame) -> Any:
    """What a scope gives: its own `output`, its block's, or the output of each step by its id. Raises StepFailed."""
    expression = frame.scope.output
    if expression is None and frame.node is not None:
        expression = frame.node.step.expressions.get("output")
    if expression is not None:
        return evaluate(expression, frame.values)
    return {step.id: frame.steps[step.id]["output"] for step in frame.graph.steps}


def settle_node(run: Run, node: Node) -> None:
    """End a block that is halted and has no child open any more."""
    if node.state is not State.BLOCK or not node.halted or node.frames:
        return
    if node.failure is None:
        drop(run, node)
        settle(run, node.frame)
        return
    error = node.failure.error
    details = {**error.details, "step": node.failure.path}
    lose(run, node, StepError(error.code, error.message, retryable=False, details=details))


def end(run: Run, frame: Frame, output: Any, *, complete: bool) -> None:
    """An outermost scope has ended: the steps, or those for when they fail."""
    if run.failure is not None:
        run.ending = Ending(FAILED, error=run.failure.error, path=run.failure.path)
    elif complete:
        run.ending = Ending(SUCCEEDED, output=output)
    elif run.stopping is not None:
        run.ending = run.stopping
    else:
        run.failure = frame.failure or Failure(run.now, "", StepError("INTERNAL", "The execution was cut off."))
        if run.definition.on_failure is None:
            run.ending = Ending(FAILED, error=run.failure.error, path=run.failure.path)
        else:
            opening.open_rescue(run, frame, run.definition.on_failure, run.failure)
