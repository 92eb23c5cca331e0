"""Labels of executions: rows by which those of a label are found in their order, however many others there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import peewee

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
    labels: Mapping[str, str],
    *,
    since: UUID,
    before: UUID,
    times: tuple[datetime, datetime],
    limit: int,
) -> list[UUID]:
    """The newest executions that have all of `labels`, with ids from `since` on and before `before`.

    `times` are the first and the last time that such ids have.
    """
    first, *others = sorted(labels.items())
    where = _is(Label, workspace_id, *first) & (Label.execution_id >= since) & (Label.execution_id < before)
    where &= (Label.execution_time >= times[0]) & (Label.execution_time <= times[1])
    for key, value in others:
        other: Any = Label.alias()
        same = (other.execution_id == Label.execution_id) & (other.execution_time == Label.execution_time)
        where &= peewee.fn.EXISTS(other.select(peewee.SQL("1")).where(_is(other, workspace_id, key, value) & same))
    query: Any = Label.select(Label.execution_id).where(where).order_by(Label.execution_id.desc()).limit(limit)
    return [execution_id for (execution_id,) in query.tuples()]


def _is(label: Any, workspace_id: UUID, key: str, value: str) -> Any:
    return (label.workspace_id == workspace_id) & (label.key == key) & (label.value == value)
