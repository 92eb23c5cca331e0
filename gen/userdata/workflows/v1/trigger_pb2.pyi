import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workflows.v1 import definition_pb2 as _definition_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TriggerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIGGER_KIND_UNSPECIFIED: _ClassVar[TriggerKind]
    TRIGGER_KIND_EVENT: _ClassVar[TriggerKind]
    TRIGGER_KIND_SCHEDULE: _ClassVar[TriggerKind]
    TRIGGER_KIND_WEBHOOK: _ClassVar[TriggerKind]
    TRIGGER_KIND_WORKFLOW: _ClassVar[TriggerKind]
TRIGGER_KIND_UNSPECIFIED: TriggerKind
TRIGGER_KIND_EVENT: TriggerKind
TRIGGER_KIND_SCHEDULE: TriggerKind
TRIGGER_KIND_WEBHOOK: TriggerKind
TRIGGER_KIND_WORKFLOW: TriggerKind

class Trigger(_message.Message):
    __slots__ = ("id", "workflow_id", "version", "kind", "definition", "paused", "next_time", "last_time", "last_execution_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    NEXT_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    version: int
    kind: TriggerKind
    definition: _definition_pb2.TriggerDefinition
    paused: bool
    next_time: _timestamp_pb2.Timestamp
    last_time: _timestamp_pb2.Timestamp
    last_execution_id: str
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., version: _Optional[int] = ..., kind: _Optional[_Union[TriggerKind, str]] = ..., definition: _Optional[_Union[_definition_pb2.TriggerDefinition, _Mapping]] = ..., paused: _Optional[bool] = ..., next_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_execution_id: _Optional[str] = ...) -> None: ...
