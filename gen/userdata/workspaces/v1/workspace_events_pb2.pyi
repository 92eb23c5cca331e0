import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import change_pb2 as _change_pb2
from userdata.api.v1 import event_type_pb2 as _event_type_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workspaces.v1 import invitation_pb2 as _invitation_pb2
from userdata.workspaces.v1 import member_pb2 as _member_pb2
from userdata.workspaces.v1 import workspace_pb2 as _workspace_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkspaceCreated(_message.Message):
    __slots__ = ("workspace",)
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    workspace: _workspace_pb2.Workspace
    def __init__(self, workspace: _Optional[_Union[_workspace_pb2.Workspace, _Mapping]] = ...) -> None: ...

class WorkspaceUpdated(_message.Message):
    __slots__ = ("workspace", "changes")
    class ChangesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _change_pb2.Change
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_change_pb2.Change, _Mapping]] = ...) -> None: ...
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    workspace: _workspace_pb2.Workspace
    changes: _containers.MessageMap[str, _change_pb2.Change]
    def __init__(self, workspace: _Optional[_Union[_workspace_pb2.Workspace, _Mapping]] = ..., changes: _Optional[_Mapping[str, _change_pb2.Change]] = ...) -> None: ...

class WorkspaceDeleted(_message.Message):
    __slots__ = ("workspace_id", "delete_time", "purge_time")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURGE_TIME_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    delete_time: _timestamp_pb2.Timestamp
    purge_time: _timestamp_pb2.Timestamp
    def __init__(self, workspace_id: _Optional[str] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WorkspaceRestored(_message.Message):
    __slots__ = ("workspace",)
    WORKSPACE_FIELD_NUMBER: _ClassVar[int]
    workspace: _workspace_pb2.Workspace
    def __init__(self, workspace: _Optional[_Union[_workspace_pb2.Workspace, _Mapping]] = ...) -> None: ...

class WorkspaceMemberAdded(_message.Message):
    __slots__ = ("workspace_id", "user_id", "role", "invitation_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    INVITATION_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    user_id: str
    role: _member_pb2.Role
    invitation_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., user_id: _Optional[str] = ..., role: _Optional[_Union[_member_pb2.Role, str]] = ..., invitation_id: _Optional[str] = ...) -> None: ...

class WorkspaceMemberUpdated(_message.Message):
    __slots__ = ("workspace_id", "user_id", "changes")
    class ChangesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _change_pb2.Change
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_change_pb2.Change, _Mapping]] = ...) -> None: ...
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    user_id: str
    changes: _containers.MessageMap[str, _change_pb2.Change]
    def __init__(self, workspace_id: _Optional[str] = ..., user_id: _Optional[str] = ..., changes: _Optional[_Mapping[str, _change_pb2.Change]] = ...) -> None: ...

class WorkspaceMemberRemoved(_message.Message):
    __slots__ = ("workspace_id", "user_id", "role")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    user_id: str
    role: _member_pb2.Role
    def __init__(self, workspace_id: _Optional[str] = ..., user_id: _Optional[str] = ..., role: _Optional[_Union[_member_pb2.Role, str]] = ...) -> None: ...

class WorkspaceInvitationCreated(_message.Message):
    __slots__ = ("invitation",)
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    invitation: _invitation_pb2.Invitation
    def __init__(self, invitation: _Optional[_Union[_invitation_pb2.Invitation, _Mapping]] = ...) -> None: ...

class WorkspaceInvitationAccepted(_message.Message):
    __slots__ = ("invitation", "user_id")
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    invitation: _invitation_pb2.Invitation
    user_id: str
    def __init__(self, invitation: _Optional[_Union[_invitation_pb2.Invitation, _Mapping]] = ..., user_id: _Optional[str] = ...) -> None: ...

class WorkspaceInvitationDeclined(_message.Message):
    __slots__ = ("invitation",)
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    invitation: _invitation_pb2.Invitation
    def __init__(self, invitation: _Optional[_Union[_invitation_pb2.Invitation, _Mapping]] = ...) -> None: ...

class WorkspaceInvitationRevoked(_message.Message):
    __slots__ = ("invitation",)
    INVITATION_FIELD_NUMBER: _ClassVar[int]
    invitation: _invitation_pb2.Invitation
    def __init__(self, invitation: _Optional[_Union[_invitation_pb2.Invitation, _Mapping]] = ...) -> None: ...
