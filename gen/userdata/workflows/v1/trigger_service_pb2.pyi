from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workflows.v1 import trigger_pb2 as _trigger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListTriggersRequest(_message.Message):
    __slots__ = ("workspace_id", "workflow_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    workflow_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., workflow_id: _Optional[str] = ...) -> None: ...

class ListTriggersResponse(_message.Message):
    __slots__ = ("triggers",)
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    triggers: _containers.RepeatedCompositeFieldContainer[_trigger_pb2.Trigger]
    def __init__(self, triggers: _Optional[_Iterable[_Union[_trigger_pb2.Trigger, _Mapping]]] = ...) -> None: ...

class PauseTriggerRequest(_message.Message):
    __slots__ = ("workspace_id", "workflow_id", "trigger_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    workflow_id: str
    trigger_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., trigger_id: _Optional[str] = ...) -> None: ...

class ResumeTriggerRequest(_message.Message):
    __slots__ = ("workspace_id", "workflow_id", "trigger_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    workflow_id: str
    trigger_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., trigger_id: _Optional[str] = ...) -> None: ...
