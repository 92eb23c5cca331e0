from userdata.api.v1 import change_pb2 as _change_pb2
from userdata.api.v1 import event_type_pb2 as _event_type_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.webhooks.v1 import endpoint_pb2 as _endpoint_pb2
from userdata.webhooks.v1 import portal_pb2 as _portal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WebhookEndpointCreated(_message.Message):
    __slots__ = ("endpoint",)
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    endpoint: _endpoint_pb2.Endpoint
    def __init__(self, endpoint: _Optional[_Union[_endpoint_pb2.Endpoint, _Mapping]] = ...) -> None: ...

class WebhookEndpointUpdated(_message.Message):
    __slots__ = ("endpoint", "changes")
    class ChangesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _change_pb2.Change
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_change_pb2.Change, _Mapping]] = ...) -> None: ...
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    endpoint: _endpoint_pb2.Endpoint
    changes: _containers.MessageMap[str, _change_pb2.Change]
    def __init__(self, endpoint: _Optional[_Union[_endpoint_pb2.Endpoint, _Mapping]] = ..., changes: _Optional[_Mapping[str, _change_pb2.Change]] = ...) -> None: ...

class WebhookEndpointDeleted(_message.Message):
    __slots__ = ("endpoint_id", "url")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    url: str
    def __init__(self, endpoint_id: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...

class WebhookEndpointPaused(_message.Message):
    __slots__ = ("endpoint",)
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    endpoint: _endpoint_pb2.Endpoint
    def __init__(self, endpoint: _Optional[_Union[_endpoint_pb2.Endpoint, _Mapping]] = ...) -> None: ...

class WebhookEndpointResumed(_message.Message):
    __slots__ = ("endpoint",)
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    endpoint: _endpoint_pb2.Endpoint
    def __init__(self, endpoint: _Optional[_Union[_endpoint_pb2.Endpoint, _Mapping]] = ...) -> None: ...

class WebhookEndpointDisabled(_message.Message):
    __slots__ = ("endpoint",)
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    endpoint: _endpoint_pb2.Endpoint
    def __init__(self, endpoint: _Optional[_Union[_endpoint_pb2.Endpoint, _Mapping]] = ...) -> None: ...

class WebhookEndpointSecretRotated(_message.Message):
    __slots__ = ("endpoint_id", "secret_id")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_ID_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    secret_id: str
    def __init__(self, endpoint_id: _Optional[str] = ..., secret_id: _Optional[str] = ...) -> None: ...

class WebhookDeliveryFailed(_message.Message):
    __slots__ = ("endpoint_id", "event_id", "event_type", "attempts", "error", "status")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    event_id: str
    event_type: str
    attempts: int
    error: str
    status: int
    def __init__(self, endpoint_id: _Optional[str] = ..., event_id: _Optional[str] = ..., event_type: _Optional[str] = ..., attempts: _Optional[int] = ..., error: _Optional[str] = ..., status: _Optional[int] = ...) -> None: ...

class WebhookTest(_message.Message):
    __slots__ = ("endpoint_id", "message")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    message: str
    def __init__(self, endpoint_id: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class WebhookPortalLinkCreated(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _portal_pb2.PortalSession
    def __init__(self, session: _Optional[_Union[_portal_pb2.PortalSession, _Mapping]] = ...) -> None: ...

class WebhookPortalOpened(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _portal_pb2.PortalSession
    def __init__(self, session: _Optional[_Union[_portal_pb2.PortalSession, _Mapping]] = ...) -> None: ...

class WebhookPortalRevoked(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: _portal_pb2.PortalSession
    def __init__(self, session: _Optional[_Union[_portal_pb2.PortalSession, _Mapping]] = ...) -> None: ...
