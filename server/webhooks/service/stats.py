"""How an endpoint's attempts went, by the hour."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import clock
from server.core.errors import FieldViolation, InvalidArgument
from server.webhooks.queries import endpoints as queries
from server.webhooks.queries.rows import HourRow
from server.webhooks.service import endpoints

_DEFAULT: Final = timedelta(hours=24)
_LONGEST: Final = timedelta(days=31)


def by_hour(workspace_id: UUID, endpoint_id: UUID, *, start: datetime | None, end: datetime | None) -> list[HourRow]:
    """The counts of each hour in which there were attempts. Raises NotFound, InvalidArgument."""
    endpoints.get(workspace_id, endpoint_id)
    end = end or clock.now()
    start = start or end - _DEFAULT
    if not start <= end <= start + _LONGEST:
        raise InvalidArgument(violations=[FieldViolation("end_time", "must be at most 31 days after start_time")])
    start = start.replace(minute=0, second=0, microsecond=0)
    return queries.hours(workspace_id, endpoint_id, start=start, end=end)
