"""Labels of executions: rows by which those of a label are found in their order, however many others there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db
from server.workflows.models import Label

_ADD: Final = Statement("""
    INSERT INTO workflow_label (workspace_id, key, value, execution_id, execution_time)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::timestamptz[])
""")


def add(rows: Sequence[tuple[UUID, str, str, UUID, datetime]]) -> None:
    """Write labels down, each with its workspace, key, value, execution and the execution's time."""
    workspaces, keys, values, executions, times = zip(*rows, strict=True)
    columns = (arrays.uuids(workspaces), arrays.texts(keys), arrays.texts(values))
    db.defer(_ADD, (*columns, arrays.uuids(executions), arrays.times(times)))


def executions(
    workspace_id: UUID,
    label: tuple[str, str],
    *,
    since: UUID,
    before: UUID,
    times: tuple[datetime, datetime],
    limit: int,
) -> list[UUID]:
    """The newest executions with a label, its key and value, whose ids are at least `since` and less than `before`.

    `times` are the first and the last time that such ids have.
    """
    where = (Label.workspace_id == workspace_id) & (Label.key == label[0]) & (Label.value == label[1])
    where &= (Label.execution_id >= since) & (Label.execution_id < before)
    where &= (Label.execution_time >= times[0]) & (Label.execution_time <= times[1])
    query: Any = Label.select(Label.execution_id).where(where).order_by(Label.execution_id.desc()).limit(limit)
    return [execution_id for (execution_id,) in query.tuples()]
