from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workspaces.v1 import workspace_api_key_pb2 as _workspace_api_key_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateWorkspaceApiKeyRequest(_message.Message):
    __slots__ = ("workspace_id", "api_key")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    api_key: _workspace_api_key_pb2.WorkspaceApiKey
    def __init__(self, workspace_id: _Optional[str] = ..., api_key: _Optional[_Union[_workspace_api_key_pb2.WorkspaceApiKey, _Mapping]] = ...) -> None: ...

class CreateWorkspaceApiKeyResponse(_message.Message):
    __slots__ = ("api_key", "key")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    api_key: _workspace_api_key_pb2.WorkspaceApiKey
    key: str
    def __init__(self, api_key: _Optional[_Union[_workspace_api_key_pb2.WorkspaceApiKey, _Mapping]] = ..., key: _Optional[str] = ...) -> None: ...

class GetWorkspaceApiKeyRequest(_message.Message):
    __slots__ = ("workspace_id", "api_key_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    api_key_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., api_key_id: _Optional[str] = ...) -> None: ...

class ListWorkspaceApiKeysRequest(_message.Message):
    __slots__ = ("workspace_id", "page_size", "page_token", "show_revoked")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SHOW_REVOKED_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    page_size: int
    page_token: str
    show_revoked: bool
    def __init__(self, workspace_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., show_revoked: _Optional[bool] = ...) -> None: ...

class ListWorkspaceApiKeysResponse(_message.Message):
    __slots__ = ("api_keys", "next_page_token")
    API_KEYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    api_keys: _containers.RepeatedCompositeFieldContainer[_workspace_api_key_pb2.WorkspaceApiKey]
    next_page_token: str
    def __init__(self, api_keys: _Optional[_Iterable[_Union[_workspace_api_key_pb2.WorkspaceApiKey, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateWorkspaceApiKeyRequest(_message.Message):
    __slots__ = ("workspace_id", "api_key_id", "api_key", "update_mask")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    api_key_id: str
    api_key: _workspace_api_key_pb2.WorkspaceApiKey
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, workspace_id: _Optional[str] = ..., api_key_id: _Optional[str] = ..., api_key: _Optional[_Union[_workspace_api_key_pb2.WorkspaceApiKey, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class RevokeWorkspaceApiKeyRequest(_message.Message):
    __slots__ = ("workspace_id", "api_key_id", "etag")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    api_key_id: str
    etag: str
    def __init__(self, workspace_id: _Optional[str] = ..., api_key_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class ReassignWorkspaceApiKeyRequest(_message.Message):
    __slots__ = ("workspace_id", "api_key_id", "etag")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    API_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    api_key_id: str
    etag: str
    def __init__(self, workspace_id: _Optional[str] = ..., api_key_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...
