"""Enqueueing: work for later is a protobuf message in a row of the same transaction; the relay moves it to a worker.

Payloads carry ids, never secrets. A job may run more than once, so its handler must be idempotent.
"""

from datetime import datetime
from typing import Final

from google.protobuf.message import Message

from server.core import call, clock
from server.core.db import db
from server.core.models import Job

#: The channel on which a commit wakes the relay.
CHANNEL: Final = "job"


def enqueue(message: Message, *, run_time: datetime | None = None) -> None:
    """Have `message` (of `userdata.jobs.v1`) handled by a worker, not before `run_time`.

    The job exists if, and only if, the transaction commits.
    """
    if run_time is None:
        # It rides with the insert, without a round trip of its own.
        db.scope.prefix += f"NOTIFY {CHANNEL};"
    insert = Job.insert(
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        run_time=run_time or clock.now(),
        trace_parent=call.current().trace_parent,
    )
    # The app may add jobs and not read them: no RETURNING.
    insert.returning().execute()
