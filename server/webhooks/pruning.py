"""Where the rows about an event are: tables are partitioned by its time and asked by its id, which holds the time."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from server.core import ids

#: The time of a row may be off the time in the id by less than this.
SLACK: Final = timedelta(seconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def bounds(event_id: UUID) -> tuple[datetime, datetime]:
    """The times between which rows about the event lie."""
    moment = ids.time_of(event_id)
    return moment - SLACK, moment + SLACK


def first_id(moment: datetime) -> UUID:
    """The least id that an event of `moment` or later can have; events have whole milliseconds."""
    return UUID(int=-((EPOCH - max(moment, EPOCH)) // _MILLISECOND) << 80)


def last_id(moment: datetime) -> UUID:
    """The greatest id that an event before `moment` can have."""
    return UUID(int=max(first_id(moment).int - 1, 0))
