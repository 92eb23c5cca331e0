import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_KIND_UNSPECIFIED: _ClassVar[SourceKind]
    SOURCE_KIND_STANDARD_WEBHOOKS: _ClassVar[SourceKind]
    SOURCE_KIND_GITHUB: _ClassVar[SourceKind]
    SOURCE_KIND_STRIPE: _ClassVar[SourceKind]
    SOURCE_KIND_SLACK: _ClassVar[SourceKind]
    SOURCE_KIND_SHOPIFY: _ClassVar[SourceKind]
    SOURCE_KIND_HMAC: _ClassVar[SourceKind]
    SOURCE_KIND_BASIC: _ClassVar[SourceKind]
    SOURCE_KIND_API_KEY: _ClassVar[SourceKind]

class SourceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_STATE_UNSPECIFIED: _ClassVar[SourceState]
    SOURCE_STATE_ACTIVE: _ClassVar[SourceState]
    SOURCE_STATE_PAUSED: _ClassVar[SourceState]

class HmacAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HMAC_ALGORITHM_UNSPECIFIED: _ClassVar[HmacAlgorithm]
    HMAC_ALGORITHM_SHA256: _ClassVar[HmacAlgorithm]
    HMAC_ALGORITHM_SHA512: _ClassVar[HmacAlgorithm]
    HMAC_ALGORITHM_SHA1: _ClassVar[HmacAlgorithm]

class HmacEncoding(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HMAC_ENCODING_UNSPECIFIED: _ClassVar[HmacEncoding]
    HMAC_ENCODING_HEX: _ClassVar[HmacEncoding]
    HMAC_ENCODING_BASE64: _ClassVar[HmacEncoding]

class ReceiptOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECEIPT_OUTCOME_UNSPECIFIED: _ClassVar[ReceiptOutcome]
    RECEIPT_OUTCOME_ACCEPTED: _ClassVar[ReceiptOutcome]
    RECEIPT_OUTCOME_DUPLICATE: _ClassVar[ReceiptOutcome]
    RECEIPT_OUTCOME_REFUSED: _ClassVar[ReceiptOutcome]
SOURCE_KIND_UNSPECIFIED: SourceKind
SOURCE_KIND_STANDARD_WEBHOOKS: SourceKind
SOURCE_KIND_GITHUB: SourceKind
SOURCE_KIND_STRIPE: SourceKind
SOURCE_KIND_SLACK: SourceKind
SOURCE_KIND_SHOPIFY: SourceKind
SOURCE_KIND_HMAC: SourceKind
SOURCE_KIND_BASIC: SourceKind
SOURCE_KIND_API_KEY: SourceKind
SOURCE_STATE_UNSPECIFIED: SourceState
SOURCE_STATE_ACTIVE: SourceState
SOURCE_STATE_PAUSED: SourceState
HMAC_ALGORITHM_UNSPECIFIED: HmacAlgorithm
HMAC_ALGORITHM_SHA256: HmacAlgorithm
HMAC_ALGORITHM_SHA512: HmacAlgorithm
HMAC_ALGORITHM_SHA1: HmacAlgorithm
HMAC_ENCODING_UNSPECIFIED: HmacEncoding
HMAC_ENCODING_HEX: HmacEncoding
HMAC_ENCODING_BASE64: HmacEncoding
RECEIPT_OUTCOME_UNSPECIFIED: ReceiptOutcome
RECEIPT_OUTCOME_ACCEPTED: ReceiptOutcome
RECEIPT_OUTCOME_DUPLICATE: ReceiptOutcome
RECEIPT_OUTCOME_REFUSED: ReceiptOutcome

class HmacVerification(_message.Message):
    __slots__ = ("header", "algorithm", "encoding", "prefix")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    ENCODING_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    header: str
    algorithm: HmacAlgorithm
    encoding: HmacEncoding
    prefix: str
    def __init__(self, header: _Optional[str] = ..., algorithm: _Optional[_Union[HmacAlgorithm, str]] = ..., encoding: _Optional[_Union[HmacEncoding, str]] = ..., prefix: _Optional[str] = ...) -> None: ...

class BasicVerification(_message.Message):
    __slots__ = ("username",)
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    username: str
    def __init__(self, username: _Optional[str] = ...) -> None: ...

class ApiKeyVerification(_message.Message):
    __slots__ = ("header",)
    HEADER_FIELD_NUMBER: _ClassVar[int]
    header: str
    def __init__(self, header: _Optional[str] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("id", "workspace_id", "name", "description", "kind", "secret", "hmac", "basic", "api_key", "id_header", "event_type", "state", "url", "labels", "create_time", "update_time", "etag")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    HMAC_FIELD_NUMBER: _ClassVar[int]
    BASIC_FIELD_NUMBER: _ClassVar[int]
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    ID_HEADER_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    workspace_id: str
    name: str
    description: str
    kind: SourceKind
    secret: str
    hmac: HmacVerification
    basic: BasicVerification
    api_key: ApiKeyVerification
    id_header: str
    event_type: str
    state: SourceState
    url: str
    labels: _containers.ScalarMap[str, str]
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., kind: _Optional[_Union[SourceKind, str]] = ..., secret: _Optional[str] = ..., hmac: _Optional[_Union[HmacVerification, _Mapping]] = ..., basic: _Optional[_Union[BasicVerification, _Mapping]] = ..., api_key: _Optional[_Union[ApiKeyVerification, _Mapping]] = ..., id_header: _Optional[str] = ..., event_type: _Optional[str] = ..., state: _Optional[_Union[SourceState, str]] = ..., url: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("id", "source_id", "receive_time", "outcome", "error", "event_id", "headers", "body")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    id: str
    source_id: str
    receive_time: _timestamp_pb2.Timestamp
    outcome: ReceiptOutcome
    error: str
    event_id: str
    headers: _containers.ScalarMap[str, str]
    body: bytes
    def __init__(self, id: _Optional[str] = ..., source_id: _Optional[str] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[ReceiptOutcome, str]] = ..., error: _Optional[str] = ..., event_id: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., body: _Optional[bytes] = ...) -> None: ...
