import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EndpointSignature(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_SIGNATURE_UNSPECIFIED: _ClassVar[EndpointSignature]
    ENDPOINT_SIGNATURE_HMAC_SHA256: _ClassVar[EndpointSignature]
    ENDPOINT_SIGNATURE_ED25519: _ClassVar[EndpointSignature]

class EndpointOrdering(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_ORDERING_UNSPECIFIED: _ClassVar[EndpointOrdering]
    ENDPOINT_ORDERING_NONE: _ClassVar[EndpointOrdering]
    ENDPOINT_ORDERING_PER_KEY: _ClassVar[EndpointOrdering]

class EndpointFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_FORMAT_UNSPECIFIED: _ClassVar[EndpointFormat]
    ENDPOINT_FORMAT_PLAIN: _ClassVar[EndpointFormat]
    ENDPOINT_FORMAT_CLOUDEVENTS: _ClassVar[EndpointFormat]

class EndpointState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_STATE_UNSPECIFIED: _ClassVar[EndpointState]
    ENDPOINT_STATE_ACTIVE: _ClassVar[EndpointState]
    ENDPOINT_STATE_PAUSED: _ClassVar[EndpointState]
    ENDPOINT_STATE_DISABLED: _ClassVar[EndpointState]

class EndpointStateReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDPOINT_STATE_REASON_UNSPECIFIED: _ClassVar[EndpointStateReason]
    ENDPOINT_STATE_REASON_GONE: _ClassVar[EndpointStateReason]
    ENDPOINT_STATE_REASON_FAILING: _ClassVar[EndpointStateReason]
ENDPOINT_SIGNATURE_UNSPECIFIED: EndpointSignature
ENDPOINT_SIGNATURE_HMAC_SHA256: EndpointSignature
ENDPOINT_SIGNATURE_ED25519: EndpointSignature
ENDPOINT_ORDERING_UNSPECIFIED: EndpointOrdering
ENDPOINT_ORDERING_NONE: EndpointOrdering
ENDPOINT_ORDERING_PER_KEY: EndpointOrdering
ENDPOINT_FORMAT_UNSPECIFIED: EndpointFormat
ENDPOINT_FORMAT_PLAIN: EndpointFormat
ENDPOINT_FORMAT_CLOUDEVENTS: EndpointFormat
ENDPOINT_STATE_UNSPECIFIED: EndpointState
ENDPOINT_STATE_ACTIVE: EndpointState
ENDPOINT_STATE_PAUSED: EndpointState
ENDPOINT_STATE_DISABLED: EndpointState
ENDPOINT_STATE_REASON_UNSPECIFIED: EndpointStateReason
ENDPOINT_STATE_REASON_GONE: EndpointStateReason
ENDPOINT_STATE_REASON_FAILING: EndpointStateReason

class Endpoint(_message.Message):
    __slots__ = ("id", "workspace_id", "url", "description", "event_types", "filter", "channels", "headers", "signature", "secret", "retry_delays", "timeout", "rate_limit", "ordering", "format", "transformation", "auth", "state", "state_reason", "breaker", "labels", "verify_time", "etag", "create_time", "update_time")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAYS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    ORDERING_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    TRANSFORMATION_FIELD_NUMBER: _ClassVar[int]
    AUTH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    BREAKER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    VERIFY_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    workspace_id: str
    url: str
    description: str
    event_types: _containers.RepeatedScalarFieldContainer[str]
    filter: str
    channels: _containers.RepeatedScalarFieldContainer[str]
    headers: _containers.ScalarMap[str, str]
    signature: EndpointSignature
    secret: str
    retry_delays: _containers.RepeatedCompositeFieldContainer[_duration_pb2.Duration]
    timeout: _duration_pb2.Duration
    rate_limit: int
    ordering: EndpointOrdering
    format: EndpointFormat
    transformation: str
    auth: EndpointAuth
    state: EndpointState
    state_reason: EndpointStateReason
    breaker: EndpointBreaker
    labels: _containers.ScalarMap[str, str]
    verify_time: _timestamp_pb2.Timestamp
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., url: _Optional[str] = ..., description: _Optional[str] = ..., event_types: _Optional[_Iterable[str]] = ..., filter: _Optional[str] = ..., channels: _Optional[_Iterable[str]] = ..., headers: _Optional[_Mapping[str, str]] = ..., signature: _Optional[_Union[EndpointSignature, str]] = ..., secret: _Optional[str] = ..., retry_delays: _Optional[_Iterable[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., rate_limit: _Optional[int] = ..., ordering: _Optional[_Union[EndpointOrdering, str]] = ..., format: _Optional[_Union[EndpointFormat, str]] = ..., transformation: _Optional[str] = ..., auth: _Optional[_Union[EndpointAuth, _Mapping]] = ..., state: _Optional[_Union[EndpointState, str]] = ..., state_reason: _Optional[_Union[EndpointStateReason, str]] = ..., breaker: _Optional[_Union[EndpointBreaker, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., verify_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class EndpointAuth(_message.Message):
    __slots__ = ("basic", "bearer", "oauth2", "mutual_tls")
    BASIC_FIELD_NUMBER: _ClassVar[int]
    BEARER_FIELD_NUMBER: _ClassVar[int]
    OAUTH2_FIELD_NUMBER: _ClassVar[int]
    MUTUAL_TLS_FIELD_NUMBER: _ClassVar[int]
    basic: EndpointBasicAuth
    bearer: EndpointBearerAuth
    oauth2: EndpointOAuth2
    mutual_tls: EndpointMutualTls
    def __init__(self, basic: _Optional[_Union[EndpointBasicAuth, _Mapping]] = ..., bearer: _Optional[_Union[EndpointBearerAuth, _Mapping]] = ..., oauth2: _Optional[_Union[EndpointOAuth2, _Mapping]] = ..., mutual_tls: _Optional[_Union[EndpointMutualTls, _Mapping]] = ...) -> None: ...

class EndpointBasicAuth(_message.Message):
    __slots__ = ("username", "password")
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    username: str
    password: str
    def __init__(self, username: _Optional[str] = ..., password: _Optional[str] = ...) -> None: ...

class EndpointBearerAuth(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class EndpointOAuth2(_message.Message):
    __slots__ = ("token_url", "client_id", "client_secret", "scopes")
    TOKEN_URL_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SECRET_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    token_url: str
    client_id: str
    client_secret: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, token_url: _Optional[str] = ..., client_id: _Optional[str] = ..., client_secret: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ...) -> None: ...

class EndpointMutualTls(_message.Message):
    __slots__ = ("certificate", "private_key")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_KEY_FIELD_NUMBER: _ClassVar[int]
    certificate: str
    private_key: str
    def __init__(self, certificate: _Optional[str] = ..., private_key: _Optional[str] = ...) -> None: ...

class EndpointBreaker(_message.Message):
    __slots__ = ("open", "probe_time")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PROBE_TIME_FIELD_NUMBER: _ClassVar[int]
    open: bool
    probe_time: _timestamp_pb2.Timestamp
    def __init__(self, open: _Optional[bool] = ..., probe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
