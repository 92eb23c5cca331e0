"""How a workflow's executions went, by the day (UTC)."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import clock
from server.core.errors import FieldViolation, InvalidArgument
from server.workflows.queries import days as queries
from server.workflows.queries.days import DayRow
from server.workflows.service import workflows

_DEFAULT: Final = timedelta(days=30)
_LONGEST: Final = timedelta(days=366)


def by_day(workspace_id: UUID, workflow_id: UUID, *, start: datetime | None, end: datetime | None) -> list[DayRow]:
    """The counts of each day on which executions ended. Raises NotFound, InvalidArgument."""
    workflows.get(workspace_id, workflow_id)
    end = end or clock.now()
    start = start or max(end, datetime.min.replace(tzinfo=UTC) + _DEFAULT) - _DEFAULT
    if not start <= end <= min(start, datetime.max.replace(tzinfo=UTC) - _LONGEST) + _LONGEST:
        raise InvalidArgument(violations=[FieldViolation("end_time", "must be at most 366 days after start_time")])
    # What ends at midnight is the end of the day before.
    last = end - timedelta(microseconds=1) if end > start else start
    return queries.of_workflow(workspace_id, workflow_id, first=start.date(), last=last.date())
