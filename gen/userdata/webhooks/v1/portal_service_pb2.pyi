from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.webhooks.v1 import portal_pb2 as _portal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreatePortalLinkRequest(_message.Message):
    __slots__ = ("workspace_id", "permissions")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, workspace_id: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ...) -> None: ...

class CreatePortalLinkResponse(_message.Message):
    __slots__ = ("session", "url", "code")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    session: _portal_pb2.PortalSession
    url: str
    code: str
    def __init__(self, session: _Optional[_Union[_portal_pb2.PortalSession, _Mapping]] = ..., url: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class ExchangePortalCodeRequest(_message.Message):
    __slots__ = ("code",)
    CODE_FIELD_NUMBER: _ClassVar[int]
    code: str
    def __init__(self, code: _Optional[str] = ...) -> None: ...

class ExchangePortalCodeResponse(_message.Message):
    __slots__ = ("session", "token")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    session: _portal_pb2.PortalSession
    token: str
    def __init__(self, session: _Optional[_Union[_portal_pb2.PortalSession, _Mapping]] = ..., token: _Optional[str] = ...) -> None: ...

class ListPortalSessionsRequest(_message.Message):
    __slots__ = ("workspace_id", "page_size", "page_token")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    page_size: int
    page_token: str
    def __init__(self, workspace_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPortalSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[_portal_pb2.PortalSession]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[_portal_pb2.PortalSession, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RevokePortalSessionRequest(_message.Message):
    __slots__ = ("workspace_id", "portal_session_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PORTAL_SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    portal_session_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., portal_session_id: _Optional[str] = ...) -> None: ...
