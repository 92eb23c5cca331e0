from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PurgeUsers(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PurgeWorkspaces(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PurgeWorkspace(_message.Message):
    __slots__ = ("workspace_id",)
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    def __init__(self, workspace_id: _Optional[str] = ...) -> None: ...

class PurgeExpired(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
