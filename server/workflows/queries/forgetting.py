"""Deleting what starts and steps leave for a while: keys, slots and remembered outputs. For workers."""

from datetime import datetime
from typing import Any

import peewee

from server.core import batches
from server.workflows.models import CachedOutput, OpenExecution, Slot, StartKey


def forget_keys(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` idempotency keys of before a moment; gives how many."""
    return batches.delete_some(StartKey, StartKey.create_time < before, oldest=StartKey.create_time, limit=limit)


def forget_slots(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` slots whose buckets are full since before a moment and that nobody takes a place of."""
    of_slot = (OpenExecution.workflow_id == Slot.workflow) & (OpenExecution.concurrency_key == Slot.key)
    going = OpenExecution.select().where(of_slot & (OpenExecution.state != "QUEUED"))
    queued = OpenExecution.select().where(of_slot & (OpenExecution.state == "QUEUED"))
    unused: Any = (Slot.rate_time < before) & ~peewee.fn.EXISTS(going) & ~peewee.fn.EXISTS(queued)
    return batches.delete_some(Slot, unused, oldest=Slot.rate_time, limit=limit)


def forget_outputs(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` remembered outputs whose time was over before a moment; gives how many."""
    over = CachedOutput.expire_time < before
    return batches.delete_some(CachedOutput, over, oldest=CachedOutput.expire_time, limit=limit)
