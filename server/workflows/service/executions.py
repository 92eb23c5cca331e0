"""Showing executions: one, a page of them, their steps and their logs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import filters, ids, structs
from server.core.errors import InvalidArgument, NotFound
from server.core.filters import Comparison, FilterInvalid
from server.core.paging import Page
from server.workflows.queries import executions as queries
from server.workflows.queries import history
from server.workflows.queries.executions import FINISHED_STATES, OPEN_STATES, ExecutionRow, Wanted
from server.workflows.queries.history import LogRow, StepRow
from server.workflows.queries.starting import Opened
from server.workflows.service.drafts import Started

#: What filters call a state or a level, and what the database holds for it.
STATES: Final = {f"EXECUTION_STATE_{word}": word for word in (*OPEN_STATES, *FINISHED_STATES)}
LEVELS: Final = {f"LOG_LEVEL_{word}": word for word in ("DEBUG", "INFO", "WARNING", "ERROR")}
_LABEL: Final = "labels."
_WAITING: Final = "WAITING"
#: What an execution shows of the row that a start wrote as it is there.
_KNOWN: Final = frozenset(ExecutionRow._fields) & frozenset(Opened._fields) - {"labels", "due_time"}
#: A page ends after so much, so that every client takes the answer (gRPC's own limit is 4 MiB).
_BYTES: Final = 2 * 1024 * 1024
#: How many steps are in memory at a time before that is looked at.
_LOADED: Final = 40


def get(workspace_id: UUID, execution_id: UUID) -> ExecutionRow:
    """An execution. Raises NotFound."""
    row = queries.get(workspace_id, execution_id)
    if row is None:
        raise NotFound
    return row


def started(workspace_id: UUID, start: Started) -> ExecutionRow:
    """The execution of a start, which is not read when it is known what was written. Raises NotFound."""
    row = start.row
    if row is None:
        return get(workspace_id, start.id)
    is_waiting = row.state == _WAITING
    return ExecutionRow(
        **{name: getattr(row, name) for name in _KNOWN},
        labels=structs.loads(row.labels),
        generation=1,
        start_time=None,
        revision=1,
        error=None,
        end_time=None,
        due_time=row.due_time if is_waiting else None,
        pause=False,
        output=None,
    )


def all_started(workspace_id: UUID, starts: Sequence[Started]) -> list[ExecutionRow]:
    """The executions of starts, in their order, without cause and input."""
    unknown = {start.id for start in starts if start.row is None}
    read = {row.id: row for row in queries.several(workspace_id, unknown)}
    rows = (read.get(start.id) or started(workspace_id, start) for start in starts)
    return [row._replace(cause=None, input=None, output=None) for row in rows]


def page_of(workspace_id: UUID, page: Page, *, wanted: str) -> tuple[list[ExecutionRow], str]:
    """A page of executions, the newest first, and the token of the next one. Raises FilterInvalid."""
    after = UUID(page.after[0]) if page.after else None
    rows = queries.page(workspace_id, wanted=read_filter(wanted), after=after, limit=page.limit)
    return page.cut(rows, lambda row: [str(row.id)])


def read_filter(text: str) -> Wanted:
    """What the filter `text` of a list of executions lets through. Raises FilterInvalid."""
    wanted = Wanted()
    states, workflows, since, before = wanted.states, wanted.workflows, wanted.since, wanted.before
    labels: dict[str, str] = {}
    parts = filters.parse(text, fields=["state", "workflow_id"], times=["create_time"], prefixes=[_LABEL])
    for part in parts:
        if part.field == "state":
            states = states & _states(part)
        elif part.field == "create_time":
            since, before = _times(part, since, before)
        elif part.negated:
            raise FilterInvalid("The filter takes {field} with = only.", field=part.field)
        elif part.field == "workflow_id":
            named = frozenset({_workflow(part.value)})
            workflows = named if workflows is None else workflows & named
        elif labels.setdefault(part.field.removeprefix(_LABEL), part.value) != part.value:
            # No execution has a label with two values.
            states = frozenset()
    return Wanted(states, workflows, since, before, labels)


def _times(part: Comparison, since: datetime, before: datetime) -> tuple[datetime, datetime]:
    return (max(since, part.moment), before) if part.operator == ">=" else (since, min(before, part.moment))


def _states(part: Comparison) -> frozenset[str]:
    word = STATES.get(part.value)
    if word is None:
        raise FilterInvalid(f"There is no state {{value}}. Use {', '.join(STATES)}.", value=part.value)
    return frozenset(STATES.values()) - {word} if part.negated else frozenset({word})


def _workflow(text: str) -> UUID:
    return identified("wf", text, field="workflow_id")


def identified(prefix: str, text: str, *, field: str) -> UUID:
    """The id in a filter. Raises FilterInvalid."""
    try:
        return ids.decode(prefix, text)
    except InvalidArgument:
        raise FilterInvalid(
            f"The filter compares {{field}} with an id that starts with {prefix}_.", field=field
        ) from None


def steps(workspace_id: UUID, execution_id: UUID, page: Page) -> tuple[list[StepRow], str]:
    """A page of attempts and waits, and the token of the next one. Raises NotFound.

    A page of large outputs has fewer than asked for.
    """
    get(workspace_id, execution_id)
    after: tuple[str, int, int] | None = tuple(page.after) if page.after else None
    found: list[StepRow] = []
    size = 0
    while len(found) < page.limit:
        limit = min(_LOADED, page.limit - len(found))
        rows = history.steps(workspace_id, execution_id, after=after, limit=limit)
        for row in rows:
            size += len(row.output or "")
            if found and size > _BYTES:
                return found, page.token(position(found[-1]))
            found.append(row)
        if len(rows) < limit:
            break
        after = position(rows[-1])
    return page.cut(found, position)


def position(row: StepRow) -> tuple[str, int, int]:
    """Where an attempt stands in its execution's list."""
    return row.path, row.generation, row.attempt


def logs(workspace_id: UUID, execution_id: UUID, page: Page, *, wanted: str) -> tuple[list[LogRow], str]:
    """A page of the log, and the token of the next one. Raises NotFound, FilterInvalid."""
    path: str | None = None
    levels: frozenset[str] | None = None
    for part in filters.parse(wanted, fields=["path", "level"]):
        if part.negated:
            raise FilterInvalid("The filter takes {field} with = only.", field=part.field)
        if part.field == "path":
            path = part.value
        else:
            levels = _levels(part.value) & (_levels(part.value) if levels is None else levels)
    get(workspace_id, execution_id)
    after = UUID(page.after[0]) if page.after else None
    rows = history.logs(
        workspace_id,
        execution_id,
        path=path,
        levels=None if levels is None else sorted(levels),
        after=after,
        limit=page.limit,
    )
    return page.cut(rows, lambda row: [str(row.id)])


def _levels(value: str) -> frozenset[str]:
    if value not in LEVELS:
        raise FilterInvalid(f"There is no level {{value}}. Use {', '.join(LEVELS)}.", value=value)
    return frozenset({LEVELS[value]})
