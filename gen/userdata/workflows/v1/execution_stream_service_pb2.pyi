from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workflows.v1 import execution_pb2 as _execution_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchExecutionRequest(_message.Message):
    __slots__ = ("workspace_id", "execution_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    execution_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...

class WatchExecutionResponse(_message.Message):
    __slots__ = ("execution", "steps", "logs", "live")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    LOGS_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    steps: _containers.RepeatedCompositeFieldContainer[_execution_pb2.ExecutionStep]
    logs: _containers.RepeatedCompositeFieldContainer[_execution_pb2.LogEntry]
    live: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[_execution_pb2.ExecutionStep, _Mapping]]] = ..., logs: _Optional[_Iterable[_Union[_execution_pb2.LogEntry, _Mapping]]] = ..., live: _Optional[bool] = ...) -> None: ...
