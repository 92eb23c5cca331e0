from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class ContinueReplay(_message.Message):
    __slots__ = ("workspace_id", "replay_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    replay_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., replay_id: _Optional[str] = ...) -> None: ...

class CancelDeliveries(_message.Message):
    __slots__ = ("workspace_id", "endpoint_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    endpoint_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ...) -> None: ...

class SendEndpointDisabledEmail(_message.Message):
    __slots__ = ("workspace_id", "endpoint_id", "user_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    endpoint_id: str
    user_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ..., user_id: _Optional[str] = ...) -> None: ...
