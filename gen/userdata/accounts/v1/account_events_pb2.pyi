import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.accounts.v1 import user_pb2 as _user_pb2
from userdata.api.v1 import change_pb2 as _change_pb2
from userdata.api.v1 import event_type_pb2 as _event_type_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionRevocation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_REVOCATION_UNSPECIFIED: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_LOGOUT: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_BY_USER: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_PASSWORD_CHANGED: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_REFRESH_TOKEN_REUSED: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_ACCOUNT_LOCKED: _ClassVar[SessionRevocation]
    SESSION_REVOCATION_ACCOUNT_DELETED: _ClassVar[SessionRevocation]
SESSION_REVOCATION_UNSPECIFIED: SessionRevocation
SESSION_REVOCATION_LOGOUT: SessionRevocation
SESSION_REVOCATION_BY_USER: SessionRevocation
SESSION_REVOCATION_PASSWORD_CHANGED: SessionRevocation
SESSION_REVOCATION_REFRESH_TOKEN_REUSED: SessionRevocation
SESSION_REVOCATION_ACCOUNT_LOCKED: SessionRevocation
SESSION_REVOCATION_ACCOUNT_DELETED: SessionRevocation

class UserCreated(_message.Message):
    __slots__ = ("user",)
    USER_FIELD_NUMBER: _ClassVar[int]
    user: _user_pb2.User
    def __init__(self, user: _Optional[_Union[_user_pb2.User, _Mapping]] = ...) -> None: ...

class UserUpdated(_message.Message):
    __slots__ = ("user", "changes")
    class ChangesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _change_pb2.Change
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_change_pb2.Change, _Mapping]] = ...) -> None: ...
    USER_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    user: _user_pb2.User
    changes: _containers.MessageMap[str, _change_pb2.Change]
    def __init__(self, user: _Optional[_Union[_user_pb2.User, _Mapping]] = ..., changes: _Optional[_Mapping[str, _change_pb2.Change]] = ...) -> None: ...

class UserDeleted(_message.Message):
    __slots__ = ("user_id", "delete_time", "purge_time")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURGE_TIME_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    delete_time: _timestamp_pb2.Timestamp
    purge_time: _timestamp_pb2.Timestamp
    def __init__(self, user_id: _Optional[str] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SessionRevoked(_message.Message):
    __slots__ = ("session_id", "user_id", "cause")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    user_id: str
    cause: SessionRevocation
    def __init__(self, session_id: _Optional[str] = ..., user_id: _Optional[str] = ..., cause: _Optional[_Union[SessionRevocation, str]] = ...) -> None: ...

class ApiKeyCreated(_message.Message):
    __slots__ = ("api_key_id", "user_id", "workspace_id", "name", "scopes", "expire_time")
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    api_key_id: str
    user_id: str
    workspace_id: str
    name: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, api_key_id: _Optional[str] = ..., user_id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., name: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ApiKeyRevoked(_message.Message):
    __slots__ = ("api_key_id", "user_id", "workspace_id", "name")
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    api_key_id: str
    user_id: str
    workspace_id: str
    name: str
    def __init__(self, api_key_id: _Optional[str] = ..., user_id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
