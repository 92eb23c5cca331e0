"""Enqueueing: work for later is a protobuf message in a row of the same transaction; the relay moves it to a worker.

Payloads carry ids, never secrets. A job may run more than once, so its handler must be idempotent.
"""

from datetime import datetime
from typing import Final

from google.protobuf.message import Message

from server.core import call, clock, ids
from server.core.db import Prepared, Slot
from server.core.models import Job
from server.core.waking import Waker

#: The channel on which a commit wakes the relay.
CHANNEL: Final = "job"
_WAKER: Final = Waker(CHANNEL)

_COLUMNS: Final = (
    Job.id,
    Job.type,
    Job.payload,
    Job.state,
    Job.attempts,
    Job.run_time,
    Job.error,
    Job.trace_parent,
    Job.create_time,
)
# The app may add jobs and not read them: no RETURNING.
_ADD: Final = Prepared(lambda: Job.insert({c: Slot(c.name) for c in _COLUMNS}).returning())


def enqueue(message: Message, *, run_time: datetime | None = None) -> None:
    """Have `message` (of `userdata.jobs.v1`) handled by a worker, not before `run_time`.

    The job exists if, and only if, the transaction commits.
    """
    now = clock.now()
    if run_time is None or run_time <= now:
        _WAKER.wake_after_commit()
    _ADD.defer(
        id=ids.new(),
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        state="READY",
        attempts=0,
        run_time=run_time or now,
        error="",
        trace_parent=call.current().trace_parent,
        create_time=now,
    )
