"""A runner by hand: claiming, driving and recording, one after the other and in the test's own transaction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.core import clock, ids
from server.core.db import db
from server.workflows.engine.machine import Machine
from server.workflows.engine.step_types import Result
from server.workflows.engine.types import Moves
from server.workflows.queries import claiming
from server.workflows.queries.claiming import ClaimedRow
from server.workflows.service import recording
from server.workflows.service.loading import Execution, Library
from server.workflows.service.recording import Entry, Rest, Written
from server.workspaces.models import Workspace
from tests.workflows import probe
from tests.workflows.factories import make_workflow
from tests.workflows.running import start

_FIRST = UUID(int=0)


def begin(workspace: Workspace, definition: Mapping[str, Any], count: int = 1, **values: Any) -> list[UUID]:
    """Start a new workflow of this definition."""
    return start(make_workflow(workspace, definition), definition, count, **values)


def register(seconds: float = 60) -> UUID:
    """A runner that is alive for so long."""
    runner_id = ids.new()
    claiming.register(runner_id, lease_seconds=seconds)
    return runner_id


def claim(runner_id: UUID, room: int = 100, *, after: UUID = _FIRST, lanes: int = 100) -> tuple[UUID, list[ClaimedRow]]:
    """What the runner may take, and its claim."""
    claim_id = ids.new()
    now = clock.now()
    return claim_id, claiming.claim(runner_id, room, claim_id=claim_id, after=after, lanes=lanes, now=now)


def load(runner_id: UUID, room: int = 100) -> list[Execution]:
    """Claimed executions with all that is known of them."""
    claim_id, rows = claim(runner_id, room)
    loaded, lost = Library(probe.types()).load(rows, claim=claim_id)
    assert not lost
    return loaded


def drive(execution: Execution) -> tuple[Machine, Moves]:
    """What is next in an execution, decided by a machine of its own."""
    machine = Machine(execution.definition, execution.facts, execution.records, types=probe.types())
    for path, answer in execution.answers.items():
        machine.resolve(path, answer, clock.now())
    return machine, machine.next(clock.now())


def write(entries: Sequence[Entry]) -> list[Written]:
    """Record."""
    with db.atomic():
        return recording.record(entries)


def run(execution: Execution) -> Written | None:
    """Make all its steps, each giving its `value`, and record it, until it ends or waits."""
    machine, moves = drive(execution)
    while True:
        rest = None if moves.tasks or moves.ending else Rest(moves.due_time)
        written = write([Entry(execution, moves.notes, ending=moves.ending, rest=rest)])[0]
        if moves.ending or rest or written.lost:
            return written
        notes = [machine.succeed(task, Result(task.config.get("value")), clock.now()) for task in moves.tasks]
        moves = machine.next(clock.now())
        moves = Moves((*notes, *moves.notes), moves.tasks, moves.ending, moves.due_time)


def run_all() -> None:
    """Run what may go on until nothing may."""
    runner_id = register()
    while loaded := load(runner_id):
        for execution in loaded:
            run(execution)
