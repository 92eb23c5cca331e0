"""Recording: what executions came to is written down, a batch of them in one transaction.

It is fenced by the claims: of an execution that somebody else has claimed since, nothing is written. Rows are held in
the order slots, then executions by id, as everybody does who holds several.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import clock, ids
from server.core.db import db
from server.workflows.engine.types import FAILED, WAITING, Ending, Line, Note, Record, StepError
from server.workflows.queries import recording as queries
from server.workflows.queries.claiming import PLANS
from server.workflows.queries.recording import CacheRow, HeldRow, LogRow, StepRow
from server.workflows.service import children, ending, starting, telling, waiting
from server.workflows.service.jsons import text
from server.workflows.service.loading import Execution, error_text, read_answers

#: Of one note; what a step writes beyond it is left out, and a last line says so.
_MOST_LINES: Final = 200
_LONGEST_LINE: Final = 8192
_LONGEST_FIELDS: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Rest:
    """An execution is let go until `due_time`, None for until something comes."""

    due_time: datetime | None


@dataclass(slots=True, eq=False)
class Entry:
    """What is to be written of an execution at once.

    `stale` are waits that nothing waits for. `tasks` are the runner's, which begins them when it is written.
    """

    execution: Execution
    notes: Sequence[Note]
    ending: Ending | None = None
    rest: Rest | None = None
    cached: Sequence[CacheRow] = ()
    tasks: Sequence[Any] = ()
    stale: Sequence[str] = ()
    epoch: int = 0


@dataclass(slots=True, eq=False)
class Written:
    """What came of an entry.

    `lost` says that the execution is not ours any more and nothing was written; `released` that it was let go; `poked`
    that something came from outside, so it was not; `refused` that the last records say something else than was
    decided, so all that was decided since is to be forgotten.
    """

    entry: Entry
    lost: bool = False
    poked: bool = False
    released: bool = False
    refused: bool = False
    notes: list[Note] = field(default_factory=list)


def record(entries: Sequence[Entry]) -> list[Written]:
    """Write entries down, in a transaction of the worker; several of one execution in their order."""
    now = clock.now()
    db.scope.prefix += PLANS
    ended = [entry for entry in entries if entry.ending is not None]
    starting.hold_slots(ending.slots(entry.execution.row for entry in ended))
    abandoned = waiting.abandoned_children(entries)
    parents = {entry.execution.row.parent_id for entry in ended} - {None}
    wanted: set[Any] = {entry.execution.row.id for entry in entries} | parents | set(abandoned)
    held = {row.id: row for row in queries.hold(wanted)}
    written = _accepted(entries, held)
    ours = [one for one in written if not one.lost]
    if ours:
        telling.publish(ours, now)
        answered = waiting.begin(ours, now)
        _write_notes(ours)
        waiting.end(ours, abandoned, now)
        _let_go(ours, held, answered, now)
        ending.end([one.entry for one in ours if one.entry.ending is not None], now)
    return written


def _accepted(entries: Sequence[Entry], held: dict[UUID, HeldRow]) -> list[Written]:
    """What may be written, with refused events put in the place of the steps that emit them."""
    written = []
    for entry in entries:
        execution = entry.execution
        row = held.get(execution.row.id)
        one = Written(entry, notes=list(entry.notes))
        if row is None or row.claim != execution.claim or entry.epoch != execution.epoch:
            one.lost = True
        else:
            one.poked = row.poked
            _hear(one)
            _refuse(one)
        written.append(one)
    return written


def _hear(one: Written) -> None:
    """What came from outside before a wait was over counts, whatever was decided without knowing of it."""
    execution = one.entry.execution
    over = {note.record.path for note in one.notes if note.record.status != WAITING} & execution.waits.keys()
    unheard = over - execution.heard
    if one.poked and unheard and unheard & read_answers([execution.row.id])[execution.row.id].keys():
        _forget_from(one, 0)


def _forget_from(one: Written, at: int) -> None:
    """Write only the first notes; what was decided after them was decided wrongly."""
    del one.notes[at:]
    one.refused = True
    one.entry.ending = one.entry.rest = None
    one.entry.execution.epoch += 1


def _refuse(one: Written) -> None:
    """Have a step fail whose event or execution cannot be; what was decided after it was decided wrongly."""
    execution = one.entry.execution
    for at, note in enumerate(one.notes):
        refusal = telling.refusal(execution, note) if note.emissions else children.refusal(execution, note)
        if refusal is not None:
            _forget_from(one, at)
            failed = replace(note.record, status=FAILED, output=None, error=refusal)
            one.notes.append(Note(failed, lines=note.lines))
            return


def _write_notes(written: Sequence[Written]) -> None:
    steps: dict[tuple[Any, ...], StepRow] = {}
    lines: list[LogRow] = []
    cached: list[CacheRow] = []
    for one in written:
        execution = one.entry.execution
        for note in one.notes:
            row = _step(execution, note.record)
            # A wait that is over in the transaction that began it is one row.
            steps[row[0], row.path, row.generation, row.attempt] = row
            lines += _lines(execution, note)
        cached += one.entry.cached
    if steps:
        queries.steps(list(steps.values()))
    if lines:
        queries.lines(lines)
    if cached:
        queries.cache(cached)


def _step(execution: Execution, record: Record) -> StepRow:
    return StepRow(
        execution.row.id,
        execution.row.create_time,
        record.path,
        record.generation,
        record.attempt,
        execution.row.workspace_id,
        record.type,
        record.status,
        None if record.output is None else text(record.output),
        None if record.error is None else error_text(record.error),
        record.due_time,
        record.start_time,
        record.end_time,
    )


def _lines(execution: Execution, note: Note) -> list[LogRow]:
    given = note.lines
    if len(given) > _MOST_LINES:
        more = Line(given[-1].time, "WARNING", f"{len(given) - _MOST_LINES} more lines are left out.")
        given = (*given[:_MOST_LINES], more)
    return [_line(execution, note.record, line) for line in given]


def _line(execution: Execution, record: Record, line: Line) -> LogRow:
    fields = text(dict(line.fields))
    return LogRow(
        ids.new(),
        execution.row.id,
        execution.row.create_time,
        execution.row.workspace_id,
        record.path,
        record.attempt,
        line.level,
        line.message[:_LONGEST_LINE].replace("\0", ""),
        fields if len(fields) <= _LONGEST_FIELDS else "{}",
        line.time,
    )


def _let_go(written: Sequence[Written], held: dict[UUID, HeldRow], answered: set[UUID], now: datetime) -> None:
    """Release those that only wait, unless something came for them meanwhile."""
    rests: list[tuple[UUID, str, datetime | None]] = []
    for one in written:
        execution_id = one.entry.execution.row.id
        row = held[execution_id]
        one.poked = one.poked or execution_id in answered
        if one.entry.rest is None:
            continue
        if row.pause and row.cancel_time is None:
            rests.append((execution_id, "PAUSED", one.entry.rest.due_time))
        elif one.poked:
            continue
        else:
            rests.append((execution_id, WAITING, one.entry.rest.due_time))
        one.released = True
    if rests:
        queries.release(rests, now=now)


def broken(execution: Execution, error: Exception) -> Entry:
    """What is written of an execution that cannot be written: an end that says so."""
    message = "The engine could not record what the execution came to."
    details = {"fault": type(error).__name__}
    return Entry(
        execution, (), Ending(FAILED, error=StepError("INTERNAL", message, details=details)), epoch=execution.epoch
    )
