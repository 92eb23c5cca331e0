"""Deleting what starts and steps leave for a while: keys, slots and remembered outputs. For workers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from server.core import arrays, batches
from server.core.db import Statement, db
from server.workflows.models import CachedOutput, StartKey
from server.workflows.queries.starting import Key

_HOLD_OLD: Final = Statement("""
    SELECT workflow_id, key FROM workflow_slot WHERE rate_time < %s ORDER BY rate_time LIMIT %s FOR UPDATE SKIP LOCKED
""")

_DELETE_SLOTS: Final = Statement("""
    DELETE FROM workflow_slot WHERE ctid = ANY (ARRAY(
        SELECT found.place FROM unnest(%s::uuid[], %s::text[]) AS unused (workflow_id, key)
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM workflow_slot
            WHERE workflow_id = unused.workflow_id AND key = unused.key OFFSET 0
        ) found
    ))
""")


def forget_keys(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` idempotency keys of before a moment; gives how many."""
    return batches.delete_some(StartKey, StartKey.create_time < before, oldest=StartKey.create_time, limit=limit)


def hold_old_slots(*, before: datetime, limit: int) -> list[Key]:
    """Hold at most `limit` slots whose buckets are full since before a moment, and that nobody else holds."""
    return [(workflow, key) for workflow, key in db.execute_sql(_HOLD_OLD, (before, limit)).fetchall()]


def delete_slots(slots: Sequence[Key]) -> None:
    """Delete held slots."""
    workflows, keys = zip(*slots, strict=True)
    db.execute_sql(_DELETE_SLOTS, (arrays.uuids(workflows), arrays.texts(keys)))


def forget_outputs(*, before: datetime, limit: int) -> int:
    """Delete at most `limit` remembered outputs whose time was over before a moment; gives how many."""
    over = CachedOutput.expire_time < before
    return batches.delete_some(CachedOutput, over, oldest=CachedOutput.expire_time, limit=limit)
