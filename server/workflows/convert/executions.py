"""Rows of executions to messages."""

from typing import Any
from uuid import UUID

from google.protobuf.struct_pb2 import Struct, Value

from server.core import ids, structs
from server.workflows.convert import jsons
from server.workflows.queries.executions import ExecutionRow
from server.workflows.queries.history import Entry, LogRow, StepRow
from userdata.workflows.v1 import execution_pb2 as pb


def execution(row: ExecutionRow) -> pb.Execution:
    """An execution as the contract shows it."""
    return pb.Execution(
        id=ids.encode("exe", row.id),
        workspace_id=ids.encode("ws", row.workspace_id),
        workflow_id=ids.encode("wf", row.workflow_id),
        version=row.version,
        state=f"EXECUTION_STATE_{row.state}",
        priority=row.priority,
        trigger=f"EXECUTION_TRIGGER_{row.trigger}",
        cause=None if row.cause is None else _struct(row.cause),
        input=None if row.input is None else _struct(row.input),
        labels=row.labels,
        output=None if row.output is None else _value(row.output),
        error=None if row.error is None else error(row.error),
        concurrency_key=row.concurrency_key or "",
        parent_execution_id=_id("exe", row.parent_id),
        parent_path=row.parent_path or "",
        source_execution_id=_id("exe", row.forked_from),
        generation=row.generation,
        actor=row.actor,
        create_time=row.create_time,
        start_time=row.start_time,
        end_time=row.end_time,
        due_time=row.due_time,
        timeout_time=row.timeout_time,
        cancel_time=row.cancel_time,
        cancel_reason=row.cancel_reason,
        pause_requested=row.pause,
    )


def outline(row: ExecutionRow) -> pb.Execution:
    """An execution without what a stream leaves out: input and cause."""
    return execution(row._replace(input=None, cause=None))


def step(row: StepRow) -> pb.ExecutionStep:
    """An attempt of a step, or its wait."""
    return pb.ExecutionStep(
        path=row.path,
        type=row.type,
        generation=row.generation,
        attempt=row.attempt,
        status=f"STEP_STATUS_{row.status}",
        output=None if row.output is None else _value(row.output),
        error=None if row.error is None else error(row.error),
        due_time=row.due_time,
        start_time=row.start_time,
        end_time=row.end_time,
    )


def log_entry(row: LogRow) -> pb.LogEntry:
    """A line of the log."""
    return pb.LogEntry(
        id=ids.encode("log", row.id),
        path=row.path,
        attempt=row.attempt,
        level=f"LOG_LEVEL_{row.level}",
        message=row.message,
        fields=jsons.struct_of(row.fields),
        create_time=row.create_time,
    )


def entry(row: Entry) -> pb.TimelineEntry:
    """An entry of a timeline."""
    return pb.TimelineEntry(
        time=row.time,
        kind=f"TIMELINE_ENTRY_KIND_{row.kind}",
        end_time=row.end_time,
        path=row.path,
        attempt=row.attempt,
        status=f"STEP_STATUS_{row.status}" if row.status else None,
        summary=row.summary,
        error=None if row.error is None else error(row.error),
    )


def error(text: str) -> pb.ExecutionError:
    """The error that JSON `text` tells of."""
    found: dict[str, Any] = structs.loads(text)
    return pb.ExecutionError(
        code=found.get("code", ""),
        message=found.get("message", ""),
        path=found.get("path", ""),
        details=jsons.struct_of(found.get("details") or {}),
    )


def _struct(text: str) -> Struct:
    found = structs.loads(text)
    # What a trigger or a parent gives may be any JSON; the contract shows an object.
    return jsons.struct_of(found if isinstance(found, dict) else {"value": found})


def _value(text: str) -> Value:
    return jsons.value_of(structs.loads(text))


def _id(prefix: str, value: UUID | None) -> str:
    return ids.encode(prefix, value) if value else ""
