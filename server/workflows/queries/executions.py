"""Reading executions: those that are open and those that are finished, as one list.

An execution stands in exactly one of two tables. Each statement reads both, so that it sees one that moves meanwhile
once. The id holds the time by which the finished ones are partitioned: with its bounds, only days that can hold the
rows are looked at.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.core import ids
from server.core.db import Prepared, Slot
from server.core.models import Model
from server.workflows.models import Execution, OpenExecution
from server.workflows.queries import labels

OPEN_STATES: Final = ("QUEUED", "READY", "RUNNING", "WAITING", "PAUSED")
FINISHED_STATES: Final = ("SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT")
_UNSUCCESSFUL: Final = frozenset(FINISHED_STATES) - {"SUCCEEDED"}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
#: How many executions of a label are looked at together.
_LABELLED: Final = 500


class ExecutionRow(NamedTuple):
    """An execution, open or finished. `cause`, `input`, `output` and `error` are JSON; None where a list leaves it out.

    `due_time` is None when it does not wait for a time.
    """

    id: UUID
    create_time: datetime
    workspace_id: UUID
    workflow_id: UUID
    version: int
    state: str
    priority: int
    trigger: str
    labels: dict[str, str]
    concurrency_key: str | None
    parent_id: UUID | None
    parent_path: str | None
    depth: int
    forked_from: UUID | None
    generation: int
    actor: str
    start_time: datetime | None
    cancel_reason: str
    revision: int
    error: str | None
    end_time: datetime | None
    due_time: datetime | None
    timeout_time: datetime | None
    cancel_time: datetime | None
    pause: bool
    cause: str | None
    input: str | None
    output: str | None

    @property
    def is_finished(self) -> bool:
        """Whether it has ended."""
        return self.state in FINISHED_STATES


@dataclass(frozen=True)
class Wanted:
    """Which executions a list shows. `workflows` is None for all; each of `labels` must be as it says."""

    states: frozenset[str] = frozenset((*OPEN_STATES, *FINISHED_STATES))
    workflows: frozenset[UUID] | None = None
    since: datetime = EPOCH
    before: datetime = _LATEST
    labels: dict[str, str] = field(default_factory=dict)


def _text(column: Any, name: str) -> Any:
    return column.cast("text").alias(name)


def _null(kind: str, name: str) -> Any:
    return peewee.SQL(f"NULL::{kind} AS {name}")


_SHARED: Final = ExecutionRow._fields[: ExecutionRow._fields.index("error")]
_OPEN: Final = (
    *(getattr(OpenExecution, name) for name in _SHARED),
    _null("text", "error"),
    _null("timestamptz", "end_time"),
    # Only a wait has one, and infinity has no place in a datetime.
    peewee.SQL("CASE WHEN state = 'WAITING' THEN NULLIF(due_time, 'infinity'::timestamptz) END AS due_time"),
    peewee.fn.NULLIF(OpenExecution.timeout_time, peewee.SQL("'infinity'::timestamptz")).alias("timeout_time"),
    OpenExecution.cancel_time,
    OpenExecution.pause,
)
_FINISHED: Final = (
    *(getattr(Execution, name) for name in _SHARED),
    _text(Execution.error, "error"),
    Execution.end_time,
    *(_null("timestamptz", name) for name in ("due_time", "timeout_time", "cancel_time")),
    peewee.SQL("false AS pause"),
)
_LEFT_OUT: Final = tuple(_null("text", name) for name in ("cause", "input", "output"))


def _whole(model: type[Model]) -> tuple[Any, ...]:
    row: Any = model
    output = _text(Execution.output, "output") if model is Execution else _null("text", "output")
    return (_text(row.cause, "cause"), _text(row.input, "input"), output)


def _named(model: type[Model]) -> Any:
    row: Any = model
    return (row.workspace_id == Slot("workspace")) & (row.id == Slot("id"))


_GET: Final = Prepared(
    lambda: (
        OpenExecution.select(*_OPEN, *_whole(OpenExecution))
        .where(_named(OpenExecution))
        .union_all(
            Execution.select(*_FINISHED, *_whole(Execution)).where(
                _named(Execution) & (Execution.create_time == Slot("time"))
            )
        )
    )
)

# Most that are asked for are open, and finished ones lie in many partitions.
_GET_OPEN: Final = Prepared(lambda: OpenExecution.select(*_OPEN, *_whole(OpenExecution)).where(_named(OpenExecution)))
_IS_OPEN: Final = Prepared(lambda: OpenExecution.select(OpenExecution.id).where(_named(OpenExecution)))


def get(workspace_id: UUID, execution_id: UUID) -> ExecutionRow | None:
    """An execution, whole."""
    row = _GET_OPEN.row(workspace=workspace_id, id=execution_id)
    # One statement looks at both: what is finished may be opened again meanwhile.
    row = row or _GET.row(workspace=workspace_id, id=execution_id, time=ids.time_of(execution_id))
    return ExecutionRow._make(row) if row else None


def is_open(workspace_id: UUID, execution_id: UUID) -> bool:
    """Whether an execution is not finished."""
    return _IS_OPEN.row(workspace=workspace_id, id=execution_id) is not None


def several(workspace_id: UUID, execution_ids: Collection[UUID]) -> list[ExecutionRow]:
    """Executions without cause, input and output, in no order."""
    if not execution_ids:
        return []
    times = sorted(map(ids.time_of, execution_ids))
    within = (Execution.create_time >= times[0]) & (Execution.create_time <= times[-1])
    parts = [
        model.select(*columns, *_LEFT_OUT).where(_among(model, workspace_id, execution_ids) & condition)
        for model, columns, condition in (
            (OpenExecution, _OPEN, OpenExecution.workspace_id == workspace_id),
            (Execution, _FINISHED, within),
        )
    ]
    return [ExecutionRow._make(row) for row in parts[0].union_all(parts[1]).tuples()]


def _among(row: Any, workspace_id: UUID, execution_ids: Collection[UUID]) -> Any:
    return (row.workspace_id == workspace_id) & row.id.in_(sorted(execution_ids))


def page(workspace_id: UUID, *, wanted: Wanted, after: UUID | None, limit: int) -> list[ExecutionRow]:
    """A page of a workspace's executions, the newest first, without cause, input and output."""
    rows = _page(workspace_id, wanted, after, limit, whole=True)
    return [ExecutionRow._make(row) for row in rows]


def ids_of(workspace_id: UUID, *, wanted: Wanted, after: UUID | None, limit: int) -> list[UUID]:
    """The ids of a page of a workspace's executions, the newest first."""
    return [row[0] for row in _page(workspace_id, wanted, after, limit, whole=False)]


def _page(workspace_id: UUID, wanted: Wanted, after: UUID | None, limit: int, *, whole: bool) -> list[tuple[Any, ...]]:
    end = first_id(wanted.before) if after is None else min(first_id(wanted.before), after)
    if not wanted.labels:
        return _union(workspace_id, wanted, end, limit, whole=whole)
    found: list[tuple[Any, ...]] = []
    while len(found) < limit:
        chosen = labels.executions(
            workspace_id,
            min(wanted.labels.items()),
            since=first_id(wanted.since),
            before=end,
            times=(wanted.since, ids.time_of(end)),
            limit=_LABELLED,
        )
        if chosen:
            found += _union(workspace_id, wanted, end, limit - len(found), whole=whole, chosen=chosen)
        if len(chosen) < _LABELLED:
            break
        end = chosen[-1]
    return found


def _union(
    workspace_id: UUID, wanted: Wanted, end: UUID, limit: int, *, whole: bool, chosen: Collection[UUID] | None = None
) -> list[tuple[Any, ...]]:
    parts = []
    for model, columns, states in ((OpenExecution, _OPEN, OPEN_STATES), (Execution, _FINISHED, FINISHED_STATES)):
        if wanted.states.isdisjoint(states):
            continue
        row: Any = model
        where = _wanted(row, workspace_id, wanted, end)
        if chosen is not None:
            where &= row.id.in_(list(chosen)) & (row.id >= min(chosen)) & row.labels.contains(wanted.labels)
            if model is Execution:
                where &= row.create_time.between(ids.time_of(min(chosen)), ids.time_of(max(chosen)))
        shown = (*columns, *_LEFT_OUT) if whole else (row.id,)
        parts.append(row.select(*shown).where(where).order_by(row.id.desc()).limit(limit))
    if not parts:
        return []
    query = parts[0] if len(parts) == 1 else parts[0].union_all(parts[1]).order_by(peewee.SQL("id DESC"))
    return list(query.limit(limit).tuples())


def _wanted(row: Any, workspace_id: UUID, wanted: Wanted, end: UUID) -> Any:
    is_finished = row is Execution
    states = FINISHED_STATES if is_finished else OPEN_STATES
    shown = wanted.states.intersection(states)
    where = (row.workspace_id == workspace_id) & (row.id >= first_id(wanted.since)) & (row.id < end)
    if is_finished:
        where &= (row.create_time >= wanted.since) & (row.create_time <= ids.time_of(end))
        if shown <= _UNSUCCESSFUL:
            # A partial index is found by these words, not by a parameter.
            where &= peewee.SQL("state <> 'SUCCEEDED'")
    if len(shown) < len(states):
        where &= row.state.in_(sorted(shown))
    if wanted.workflows is not None:
        where &= row.workflow_id.in_(sorted(wanted.workflows))
    return where


def first_id(moment: datetime) -> UUID:
    """The least id that an execution of `moment` or later can have; executions have whole milliseconds."""
    return UUID(int=-((EPOCH - max(moment, EPOCH)) // _MILLISECOND) << 80)
