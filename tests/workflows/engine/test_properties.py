"""Random workflows with random failures, retries, waits and crashes come to what the reference says."""

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.workflows.engine.types import CANCELLED, FAILED, SKIPPED, SUCCEEDED, WAITING, Record
from server.workflows.language.definition import Scope
from tests.workflows.engine import reference
from tests.workflows.engine.graphs import Plan, definition_of, digest, outcome, plans
from tests.workflows.engine.toy import Drive, ended, facts, failed

LUCK = st.randoms(use_true_random=True)
UNHURRIED = settings(deadline=None, suppress_health_check=list(HealthCheck))


def steps_of(plan: tuple[Plan, ...]) -> dict[str, Plan]:
    found = {}
    for step in plan:
        found[step.id] = step
        for inner in (step.body, *step.branches):
            found.update(steps_of(inner))
    return found


def play(drive: Drive, plan: tuple[Plan, ...], luck: Random, *, crashes: int, well: bool = False) -> None:
    """Let one thing after the other happen, in any order, until the end; crash at some of them."""
    steps = steps_of(plan)
    drive.next()
    while True:
        if crashes and luck.random() < 0.2:
            crashes -= 1
            drive.crash(lost=luck.randrange(min(3, len(drive.written) - unlosable(drive)) + 1))
            drive.next()
        if drive.ending is not None:
            return
        signals = [path for path in drive.machine.waiting if steps[path.rpartition("/")[2]].kind == "signal"]
        timed = drive.due is not None and drive.due < drive.facts.timeout_time
        choices = sorted([*drive.tasks, *signals]) + [""] * timed
        path = luck.choice(choices)
        if not path:
            drive.pass_time()
        elif path in signals:
            drive.resolve(path, digest("signal", path))
        else:
            work(drive, path, steps[path.rpartition("/")[2]], well=well)


def unlosable(drive: Drive) -> int:
    """Only what is not written can be lost: here, records after the beginning of the last task that is known."""
    return max((at for _, at in drive.began), default=0)


def work(drive: Drive, path: str, step: Plan, *, well: bool) -> None:
    task = drive.tasks[path]
    if well or outcome(step, task.config["index"], task.attempt):
        drive.succeed(path, digest("work", task.config["seen"]))
    else:
        drive.fail(path)


def check_each_once(written: list[Record]) -> None:
    ends = Counter((r.path, r.generation, r.attempt) for r in written if r.status != WAITING)
    assert all(count == 1 for count in ends.values()), ends.most_common(3)
    waits = Counter((r.path, r.generation) for r in written if r.status == WAITING)
    assert all(count == 1 for count in waits.values()), waits.most_common(3)
    wins = Counter(r.path for r in written if r.status == SUCCEEDED)
    assert all(count == 1 for count in wins.values()), wins.most_common(3)


def check_order(drive: Drive, scope: Scope, prefix: str = "") -> None:
    """A step has begun only after all that it needs was done."""
    firsts: dict[str, int] = {}
    lasts: dict[str, int] = {}
    for at, record in enumerate(drive.written):
        firsts.setdefault(record.path, at)
        if record.status != WAITING and record.due_time is None:
            lasts[record.path] = at
    for path, at in drive.began:
        firsts[path] = min(firsts.get(path, at), at)
    needs = needs_of(scope)
    for path, at in firsts.items():
        head, slash, name = path.rpartition("/")
        for need in needs.get(name, ()):
            assert lasts[head + slash + need] <= at - (path not in dict(drive.began)), (path, need)


def needs_of(scope: Scope) -> dict[str, tuple[str, ...]]:
    found = {}
    for step in scope.steps:
        found[step.id] = step.needs
        for inner in (step.body, *(branch.scope for branch in step.branches)):
            found.update(needs_of(inner) if inner else {})
    return found


def check_against_reference(drive: Drive, told: reference.Told) -> None:
    last = drive.last
    assert drive.ending is not None
    assert drive.ending.state == (FAILED if told.fatal else SUCCEEDED)
    for path, record in last.items():
        if path.startswith("on_failure/"):
            continue
        came = told.steps[path]
        # Cut off, or failed at an attempt that would have been made again.
        if came.open and came.status != record.status and record.status in {FAILED, CANCELLED}:
            assert record.status == CANCELLED or failed(record).code == "BROKEN"
            continue
        assert record.status == came.status, path
        if record.status == SUCCEEDED:
            assert record.output == reference._bare(came.output), path
        if record.status == SKIPPED:
            assert record.output is None
    for path, came in told.steps.items():
        assert came.open or path in last, path
    if told.fatal:
        assert drive.ending.path in told.fatal
        assert last["on_failure/undo"].output == drive.ending.path
    else:
        assert drive.ending.output == reference._bare(told.outputs)
        assert "on_failure/undo" not in last


@UNHURRIED
@given(plan=plans(), luck=LUCK)
def test_a_workflow_comes_to_what_the_reference_says(plan, luck):
    drive = Drive(definition_of(plan))
    play(drive, plan, luck, crashes=0)
    check_each_once(drive.written)
    check_order(drive, drive.definition.scope)
    check_against_reference(drive, reference.interpret(plan))


@UNHURRIED
@given(plan=plans(), luck=LUCK, crashes=st.integers(1, 8))
def test_crashes_change_nothing(plan, luck, crashes):
    drive = Drive(definition_of(plan))
    play(drive, plan, luck, crashes=crashes)
    check_each_once(drive.written)
    check_order(drive, drive.definition.scope)
    check_against_reference(drive, reference.interpret(plan))


@UNHURRIED
@given(plan=plans(), luck=LUCK)
def test_a_machine_rebuilt_at_any_point_has_the_same_next_moves(plan, luck):
    drive = Drive(definition_of(plan))
    steps = steps_of(plan)
    drive.next()
    while drive.ending is None:
        # A task that was under way where something had failed is not made again after a crash: nothing new begins.
        if not any(drive.machine._run.nodes[path].frame.halted for path in drive.tasks):
            check_rebuilt(drive)
        path = luck.choice(sorted(drive.tasks) + [""] * (not drive.tasks))
        work(drive, path, steps[path.rpartition("/")[2]], well=False) if path else finish_a_wait(drive, steps)
    assert drive.fresh().next(drive.now).ending == drive.ending


def check_rebuilt(drive: Drive) -> None:
    rebuilt = drive.fresh()
    moves = rebuilt.next(drive.now)
    assert not moves.notes
    assert not moves.more
    assert {task.path: (task.attempt, task.config) for task in moves.tasks} == {
        path: (task.attempt, task.config) for path, task in drive.tasks.items()
    }
    assert rebuilt.waiting == drive.machine.waiting
    assert moves.due_time == drive.due


def finish_a_wait(drive: Drive, steps: dict[str, Plan]) -> None:
    signals = [path for path in drive.machine.waiting if steps[path.rpartition("/")[2]].kind == "signal"]
    if signals:
        drive.resolve(signals[0], digest("signal", signals[0]))
    else:
        drive.pass_time()


@UNHURRIED
@given(plan=plans(), luck=LUCK, crashes=st.integers(0, 3))
def test_a_retry_of_a_failed_execution_keeps_what_succeeded(plan, luck, crashes):
    first = Drive(definition_of(plan))
    play(first, plan, luck, crashes=0)
    if ended(first).state == SUCCEEDED:
        return
    again = Drive(first.definition, facts(generation=2), tuple(first.written))
    again.now = first.now
    play(again, plan, luck, crashes=crashes, well=True)
    assert ended(again).state == SUCCEEDED
    check_each_once(again.written)
    done = {record.path for record in first.written if record.status == SUCCEEDED and "on_failure" not in record.path}
    assert not done & {path for path, _ in again.began}


@UNHURRIED
@given(plan=plans(), luck=LUCK, after=st.integers(0, 20))
def test_a_cancelled_execution_ends_with_its_tasks(plan, luck, after):
    drive = Drive(definition_of(plan))
    steps = steps_of(plan)
    drive.next()
    for _ in range(after):
        if drive.ending is None and drive.tasks:
            path = luck.choice(sorted(drive.tasks))
            work(drive, path, steps[path.rpartition("/")[2]], well=True)
    began = len(drive.began)
    drive.cancel()
    while drive.tasks:
        path = luck.choice(sorted(drive.tasks))
        drive.abandon(path) if luck.random() < 0.5 else work(drive, path, steps[path.rpartition("/")[2]], well=True)
    assert drive.ending is not None
    assert not drive.machine.waiting
    assert len(drive.began) == began
    check_each_once(drive.written)
