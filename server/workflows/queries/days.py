"""Queries on `workflow_day`, for whoever reads it."""

from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.workflows.models import Day


class DayRow(NamedTuple):
    """A row of `workflow_day`."""

    day: date
    succeeded: int
    failed: int
    cancelled: int
    timed_out: int
    latencies: list[int]


_COLUMNS: Final = [getattr(Day, name) for name in DayRow._fields]


def of_workflow(workspace_id: UUID, workflow_id: UUID, *, first: date, last: date) -> list[DayRow]:
    """What the executions of a workflow came to on the days from `first` to `last`, the earliest first."""
    where = (Day.workspace == workspace_id) & (Day.workflow == workflow_id) & Day.day.between(first, last)
    rows: Any = Day.select(*_COLUMNS).where(where).order_by(Day.day).tuples()
    return [DayRow._make(row) for row in rows]
