"""Workflows, their versions and their statistics."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from server.core import etags, ids, structs
from server.workflows.convert import definitions
from server.workflows.latency import BUCKETS
from server.workflows.queries.days import DayRow
from server.workflows.queries.workflows import VersionRow, WorkflowRow
from userdata.workflows.v1.workflow_pb2 import Workflow, WorkflowVersion
from userdata.workflows.v1.workflow_stats_pb2 import WorkflowCounts, WorkflowDay, WorkflowStats

_STATES: Final = ("DRAFT", "ACTIVE", "PAUSED", "ARCHIVED")
#: What filters call a state, and what the database holds for it.
STATE_WORDS: Final = {f"WORKFLOW_STATE_{word}": word for word in _STATES}


def workflow(row: WorkflowRow, definition: dict[str, Any] | None = None) -> Workflow:
    """A workflow as the contract shows it, with its definition when one is given."""
    return Workflow(
        id=ids.encode("wf", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        state=f"WORKFLOW_STATE_{row.state}",
        version=row.version,
        definition=None if definition is None else definitions.definition(definition),
        labels=row.labels,
        etag=etags.of(row.id, row.revision),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def preview(row: WorkflowRow, definition: dict[str, Any], *, is_new: bool) -> Workflow:
    """A workflow as it would be, without what nothing leads to: it was not kept."""
    message = workflow(row, definition)
    for name in ("etag", "update_time", *(("id", "create_time") if is_new else ())):
        message.ClearField(name)
    return message


def version(row: VersionRow) -> WorkflowVersion:
    """A version, with its definition when the row has it."""
    return WorkflowVersion(
        version=row.number,
        definition=None if row.definition is None else definitions.definition(structs.loads(row.definition)),
        creator=row.creator,
        create_time=row.create_time,
    )


def stats(rows: Sequence[DayRow]) -> WorkflowStats:
    """Days of executions, and their sum."""
    days = [WorkflowDay(start_time=_start(row), counts=_counts([row])) for row in rows]
    return WorkflowStats(total=_counts(rows), days=days)


def _start(row: DayRow) -> datetime:
    return datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC)


def _counts(rows: Sequence[DayRow]) -> WorkflowCounts:
    succeeded = sum(row.succeeded for row in rows)
    failed = sum(row.failed for row in rows)
    timed_out = sum(row.timed_out for row in rows)
    latencies = BUCKETS.total([row.latencies for row in rows])
    return WorkflowCounts(
        succeeded=succeeded,
        failed=failed,
        cancelled=sum(row.cancelled for row in rows),
        timed_out=timed_out,
        success_rate=succeeded / max(1, succeeded + failed + timed_out),
        duration_p50=_quantile(latencies, 0.5),
        duration_p95=_quantile(latencies, 0.95),
    )


def _quantile(latencies: Sequence[int], share: float) -> timedelta | None:
    milliseconds = BUCKETS.quantile(latencies, share)
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)
