"""Claiming: whose turn it is, and that what a dead runner held goes on elsewhere while it may write nothing."""

from datetime import timedelta

from server.core import clock
from server.core.db import db
from server.workflows.models import OpenExecution, Runner, Step
from server.workflows.queries import claiming
from server.workflows.service import poking
from server.workflows.service.recording import Entry, Rest
from tests.accounts.factories import make_person
from tests.workflows.running import chain, step
from tests.workflows.stepping import begin, claim, drive, load, register, run, write
from tests.workspaces.factories import make_workspace


def states() -> list[str]:
    return [row.state for row in OpenExecution.select().order_by(OpenExecution.id)]


def stuck() -> list[str]:
    return [problem for (problem,) in db.execute_sql("SELECT problem FROM workflow_stuck ORDER BY 1").fetchall()]


def test_an_execution_is_claimed_once(worker) -> None:
    begin(worker, chain(1), 3)
    first, second = register(), register()
    assert len(claim(first, 2)[1]) == 2
    assert len(claim(second)[1]) == 1
    assert claim(first)[1] == []
    assert states() == ["RUNNING"] * 3


def test_workspaces_share_the_room_and_take_turns(worker) -> None:
    others = [make_workspace(make_person()) for _ in range(3)]
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    begin(worker, chain(1), 50)
    for other in others:
        begin(other, chain(1), 2)
    runner = register()
    _, rows = claim(runner, 8)
    counts = sorted(sum(row.workspace_id == each.id for row in rows) for each in (worker, *others))
    assert counts == [2, 2, 2, 2]
    _, rows = claim(runner, 8)
    assert {row.workspace_id for row in rows} == {worker.id}


def test_a_claim_goes_on_after_the_workspace_that_was_served_last(worker) -> None:
    workspaces = sorted([worker.id, *(make_workspace(make_person()).id for _ in range(3))])
    db.execute_sql("SET LOCAL ROLE userdata_worker")
    for workspace in workspaces:
        begin(type(worker).get(type(worker).id == workspace), chain(1), 5)
    runner = register()
    _, rows = claim(runner, 2, lanes=2)
    assert {row.workspace_id for row in rows} == set(workspaces[:2])
    _, rows = claim(runner, 2, lanes=2, after=workspaces[1])
    assert {row.workspace_id for row in rows} == set(workspaces[2:])


def test_the_lower_number_goes_first_then_who_waits_longest(worker) -> None:
    low = begin(worker, chain(1), priority=5)
    normal = begin(worker, chain(1), 2)
    high = begin(worker, chain(1), priority=1)
    runner = register()
    order = [claim(runner, 1)[1][0].id for _ in range(4)]
    assert order == [*high, *normal, *low]


def test_what_a_dead_runner_held_goes_on_elsewhere(worker) -> None:
    begin(worker, chain(1), 2)
    dead, alive = register(-1), register()
    Runner.update(lease_time=clock.now() + timedelta(seconds=9)).where(Runner.id == dead).execute()
    assert len(claim(dead)[1]) == 2
    assert claiming.bury() == claiming.sweep(100) == 0
    Runner.update(lease_time=clock.now() - timedelta(seconds=9)).where(Runner.id == dead).execute()
    assert claiming.bury() == 1
    assert claiming.sweep(100) == 2
    assert not claiming.beat(dead, lease_seconds=6)
    assert claiming.beat(alive, lease_seconds=6)
    assert len(claim(alive)[1]) == 2


def test_a_runner_whose_lease_is_over_takes_nothing(worker) -> None:
    begin(worker, chain(1))
    assert claim(register(-1))[1] == []


def test_a_zombie_writes_nothing(worker) -> None:
    begin(worker, chain(1))
    zombie, other = register(), register()
    (old,) = load(zombie)
    Runner.delete().where(Runner.id == zombie).execute()
    assert claiming.sweep(100) == 1
    (new,) = load(other)
    late = run(old)
    assert late is not None
    assert late.lost
    assert Step.select().count() == 0
    done = run(new)
    assert done is not None
    assert not done.lost
    assert Step.select().count() == 1


def test_a_runner_that_leaves_gives_back_what_it_held(worker) -> None:
    begin(worker, chain(1), 2)
    runner = register()
    claim(runner)
    claiming.leave(runner)
    assert states() == ["READY"] * 2
    assert Runner.select().count() == 0


def test_a_time_to_wait_that_is_over_makes_ready(worker) -> None:
    begin(worker, {"steps": [step("a", type="delay", config={"duration": "1h"})]}, 2)
    runner = register()
    for execution in load(runner):
        released = run(execution)
        assert released is not None
        assert released.released
    assert states() == ["WAITING"] * 2
    assert claiming.fire(100, now=clock.now()) == 0
    assert stuck() == []
    with clock.advanced(timedelta(hours=2)):
        assert claiming.fire(1, now=clock.now()) == 1
        assert claiming.fire(100, now=clock.now()) == 1
        for execution in load(runner):
            run(execution)
    assert states() == []


def test_an_answer_that_comes_while_it_is_let_go_is_not_lost(worker) -> None:
    (execution_id,) = begin(worker, {"steps": [step("a", type="signal", config={"name": "go"})]})
    (execution,) = load(register())
    _, moves = drive(execution)
    write([Entry(execution, moves.notes)])
    poking.signal(worker.id, execution_id, "go", 1)
    # The runner looks, and has not told itself of it yet, when it lets go.
    OpenExecution.update(poked=False).execute()
    (released,) = write([Entry(execution, (), rest=Rest(moves.due_time))])
    assert released.released
    assert states() == ["READY"]
    (again,) = load(register())
    run(again)
    assert states() == []


def test_an_answer_that_is_there_counts_though_the_time_is_over(worker) -> None:
    (execution_id,) = begin(worker, {"steps": [step("a", type="signal", config={"name": "go", "timeout": "1h"})]})
    (execution,) = load(register())
    machine, moves = drive(execution)
    write([Entry(execution, moves.notes)])
    poking.signal(worker.id, execution_id, "go", 1)
    with clock.advanced(timedelta(hours=2)):
        late = machine.next(clock.now())
        (written,) = write([Entry(execution, late.notes, ending=late.ending)])
    assert written.refused
    assert [row.status for row in Step.select()] == ["WAITING"]


def test_the_invariant_names_what_is_stuck(worker) -> None:
    (lost, waits, due) = begin(worker, chain(1), 3)
    past = clock.now() - timedelta(hours=1)
    runner = register()
    claim(runner, 1)
    OpenExecution.update(update_time=past).where(OpenExecution.id == lost).execute()
    Runner.delete().execute()
    OpenExecution.update(state="WAITING", start_time=past, due_time=clock.now() + timedelta(hours=1)).where(
        OpenExecution.id == waits
    ).execute()
    OpenExecution.update(state="WAITING", due_time=past).where(OpenExecution.id == due).execute()
    assert stuck() == ["OVERDUE", "RUNNING_WITHOUT_RUNNER", "WAITING_FOR_NOTHING"]
