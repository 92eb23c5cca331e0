import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContinueReplay(_message.Message):
    __slots__ = ("workspace_id", "replay_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    replay_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., replay_id: _Optional[str] = ...) -> None: ...

class CancelDeliveries(_message.Message):
    __slots__ = ("workspace_id", "endpoint_id", "delete_time")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    endpoint_id: str
    delete_time: _timestamp_pb2.Timestamp
    def __init__(self, workspace_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SendEndpointDisabledEmail(_message.Message):
    __slots__ = ("workspace_id", "endpoint_id", "user_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    endpoint_id: str
    user_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...
