import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CancelExecutions(_message.Message):
    __slots__ = ("workspace_id", "filter", "reason", "actor", "before", "after_execution_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    filter: str
    reason: str
    actor: str
    before: _timestamp_pb2.Timestamp
    after_execution_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., filter: _Optional[str] = ..., reason: _Optional[str] = ..., actor: _Optional[str] = ..., before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after_execution_id: _Optional[str] = ...) -> None: ...

class RetryExecutions(_message.Message):
    __slots__ = ("workspace_id", "filter", "actor", "before", "after_execution_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    filter: str
    actor: str
    before: _timestamp_pb2.Timestamp
    after_execution_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., filter: _Optional[str] = ..., actor: _Optional[str] = ..., before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., after_execution_id: _Optional[str] = ...) -> None: ...
