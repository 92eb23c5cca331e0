import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_STATE_UNSPECIFIED: _ClassVar[ExecutionState]
    EXECUTION_STATE_QUEUED: _ClassVar[ExecutionState]
    EXECUTION_STATE_READY: _ClassVar[ExecutionState]
    EXECUTION_STATE_RUNNING: _ClassVar[ExecutionState]
    EXECUTION_STATE_WAITING: _ClassVar[ExecutionState]
    EXECUTION_STATE_PAUSED: _ClassVar[ExecutionState]
    EXECUTION_STATE_SUCCEEDED: _ClassVar[ExecutionState]
    EXECUTION_STATE_FAILED: _ClassVar[ExecutionState]
    EXECUTION_STATE_CANCELLED: _ClassVar[ExecutionState]
    EXECUTION_STATE_TIMED_OUT: _ClassVar[ExecutionState]

class ExecutionTrigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_TRIGGER_UNSPECIFIED: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_MANUAL: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_EVENT: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_SCHEDULE: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_WEBHOOK: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_WORKFLOW: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_PARENT: _ClassVar[ExecutionTrigger]
    EXECUTION_TRIGGER_FORK: _ClassVar[ExecutionTrigger]

class StepStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STEP_STATUS_UNSPECIFIED: _ClassVar[StepStatus]
    STEP_STATUS_WAITING: _ClassVar[StepStatus]
    STEP_STATUS_SUCCEEDED: _ClassVar[StepStatus]
    STEP_STATUS_FAILED: _ClassVar[StepStatus]
    STEP_STATUS_SKIPPED: _ClassVar[StepStatus]
    STEP_STATUS_CANCELLED: _ClassVar[StepStatus]

class TimelineEntryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMELINE_ENTRY_KIND_UNSPECIFIED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_CREATED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_STARTED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_ATTEMPT: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_WAIT: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_RETRY: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_SKIPPED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_SIGNAL: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_APPROVAL_REQUESTED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_APPROVAL_DECIDED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_PAUSE: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_RESUME: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_CANCEL: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_RETRIED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_FORKED: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_LOG: _ClassVar[TimelineEntryKind]
    TIMELINE_ENTRY_KIND_ENDED: _ClassVar[TimelineEntryKind]

class LogLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOG_LEVEL_UNSPECIFIED: _ClassVar[LogLevel]
    LOG_LEVEL_DEBUG: _ClassVar[LogLevel]
    LOG_LEVEL_INFO: _ClassVar[LogLevel]
    LOG_LEVEL_WARNING: _ClassVar[LogLevel]
    LOG_LEVEL_ERROR: _ClassVar[LogLevel]
EXECUTION_STATE_UNSPECIFIED: ExecutionState
EXECUTION_STATE_QUEUED: ExecutionState
EXECUTION_STATE_READY: ExecutionState
EXECUTION_STATE_RUNNING: ExecutionState
EXECUTION_STATE_WAITING: ExecutionState
EXECUTION_STATE_PAUSED: ExecutionState
EXECUTION_STATE_SUCCEEDED: ExecutionState
EXECUTION_STATE_FAILED: ExecutionState
EXECUTION_STATE_CANCELLED: ExecutionState
EXECUTION_STATE_TIMED_OUT: ExecutionState
EXECUTION_TRIGGER_UNSPECIFIED: ExecutionTrigger
EXECUTION_TRIGGER_MANUAL: ExecutionTrigger
EXECUTION_TRIGGER_EVENT: ExecutionTrigger
EXECUTION_TRIGGER_SCHEDULE: ExecutionTrigger
EXECUTION_TRIGGER_WEBHOOK: ExecutionTrigger
EXECUTION_TRIGGER_WORKFLOW: ExecutionTrigger
EXECUTION_TRIGGER_PARENT: ExecutionTrigger
EXECUTION_TRIGGER_FORK: ExecutionTrigger
STEP_STATUS_UNSPECIFIED: StepStatus
STEP_STATUS_WAITING: StepStatus
STEP_STATUS_SUCCEEDED: StepStatus
STEP_STATUS_FAILED: StepStatus
STEP_STATUS_SKIPPED: StepStatus
STEP_STATUS_CANCELLED: StepStatus
TIMELINE_ENTRY_KIND_UNSPECIFIED: TimelineEntryKind
TIMELINE_ENTRY_KIND_CREATED: TimelineEntryKind
TIMELINE_ENTRY_KIND_STARTED: TimelineEntryKind
TIMELINE_ENTRY_KIND_ATTEMPT: TimelineEntryKind
TIMELINE_ENTRY_KIND_WAIT: TimelineEntryKind
TIMELINE_ENTRY_KIND_RETRY: TimelineEntryKind
TIMELINE_ENTRY_KIND_SKIPPED: TimelineEntryKind
TIMELINE_ENTRY_KIND_SIGNAL: TimelineEntryKind
TIMELINE_ENTRY_KIND_APPROVAL_REQUESTED: TimelineEntryKind
TIMELINE_ENTRY_KIND_APPROVAL_DECIDED: TimelineEntryKind
TIMELINE_ENTRY_KIND_PAUSE: TimelineEntryKind
TIMELINE_ENTRY_KIND_RESUME: TimelineEntryKind
TIMELINE_ENTRY_KIND_CANCEL: TimelineEntryKind
TIMELINE_ENTRY_KIND_RETRIED: TimelineEntryKind
TIMELINE_ENTRY_KIND_FORKED: TimelineEntryKind
TIMELINE_ENTRY_KIND_LOG: TimelineEntryKind
TIMELINE_ENTRY_KIND_ENDED: TimelineEntryKind
LOG_LEVEL_UNSPECIFIED: LogLevel
LOG_LEVEL_DEBUG: LogLevel
LOG_LEVEL_INFO: LogLevel
LOG_LEVEL_WARNING: LogLevel
LOG_LEVEL_ERROR: LogLevel

class Execution(_message.Message):
    __slots__ = ("id", "workspace_id", "workflow_id", "version", "state", "priority", "trigger", "cause", "input", "labels", "output", "error", "concurrency_key", "parent_execution_id", "parent_path", "source_execution_id", "generation", "actor", "create_time", "start_time", "end_time", "due_time", "timeout_time", "cancel_time", "cancel_reason", "pause_requested")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_PATH_FIELD_NUMBER: _ClassVar[int]
    SOURCE_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_TIME_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    PAUSE_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    id: str
    workspace_id: str
    workflow_id: str
    version: int
    state: ExecutionState
    priority: int
    trigger: ExecutionTrigger
    cause: _struct_pb2.Struct
    input: _struct_pb2.Struct
    labels: _containers.ScalarMap[str, str]
    output: _struct_pb2.Value
    error: ExecutionError
    concurrency_key: str
    parent_execution_id: str
    parent_path: str
    source_execution_id: str
    generation: int
    actor: str
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    due_time: _timestamp_pb2.Timestamp
    timeout_time: _timestamp_pb2.Timestamp
    cancel_time: _timestamp_pb2.Timestamp
    cancel_reason: str
    pause_requested: bool
    def __init__(self, id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., version: _Optional[int] = ..., state: _Optional[_Union[ExecutionState, str]] = ..., priority: _Optional[int] = ..., trigger: _Optional[_Union[ExecutionTrigger, str]] = ..., cause: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., concurrency_key: _Optional[str] = ..., parent_execution_id: _Optional[str] = ..., parent_path: _Optional[str] = ..., source_execution_id: _Optional[str] = ..., generation: _Optional[int] = ..., actor: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timeout_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancel_reason: _Optional[str] = ..., pause_requested: _Optional[bool] = ...) -> None: ...

class ExecutionError(_message.Message):
    __slots__ = ("code", "message", "path", "details")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    path: str
    details: _struct_pb2.Struct
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., path: _Optional[str] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ExecutionStep(_message.Message):
    __slots__ = ("path", "type", "generation", "attempt", "status", "output", "error", "due_time", "start_time", "end_time")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    path: str
    type: str
    generation: int
    attempt: int
    status: StepStatus
    output: _struct_pb2.Value
    error: ExecutionError
    due_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, path: _Optional[str] = ..., type: _Optional[str] = ..., generation: _Optional[int] = ..., attempt: _Optional[int] = ..., status: _Optional[_Union[StepStatus, str]] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TimelineEntry(_message.Message):
    __slots__ = ("time", "kind", "end_time", "path", "attempt", "status", "summary", "error")
    TIME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    kind: TimelineEntryKind
    end_time: _timestamp_pb2.Timestamp
    path: str
    attempt: int
    status: StepStatus
    summary: str
    error: ExecutionError
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Union[TimelineEntryKind, str]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., path: _Optional[str] = ..., attempt: _Optional[int] = ..., status: _Optional[_Union[StepStatus, str]] = ..., summary: _Optional[str] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ...) -> None: ...

class LogEntry(_message.Message):
    __slots__ = ("id", "path", "attempt", "level", "message", "fields", "create_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    path: str
    attempt: int
    level: LogLevel
    message: str
    fields: _struct_pb2.Struct
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., path: _Optional[str] = ..., attempt: _Optional[int] = ..., level: _Optional[_Union[LogLevel, str]] = ..., message: _Optional[str] = ..., fields: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
