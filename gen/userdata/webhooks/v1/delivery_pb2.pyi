import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeliveryState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_STATE_UNSPECIFIED: _ClassVar[DeliveryState]
    DELIVERY_STATE_PENDING: _ClassVar[DeliveryState]
    DELIVERY_STATE_DELIVERING: _ClassVar[DeliveryState]
    DELIVERY_STATE_RETRYING: _ClassVar[DeliveryState]
    DELIVERY_STATE_HELD: _ClassVar[DeliveryState]
    DELIVERY_STATE_SUCCEEDED: _ClassVar[DeliveryState]
    DELIVERY_STATE_FAILED: _ClassVar[DeliveryState]
    DELIVERY_STATE_CANCELLED: _ClassVar[DeliveryState]

class DeliveryTrigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELIVERY_TRIGGER_UNSPECIFIED: _ClassVar[DeliveryTrigger]
    DELIVERY_TRIGGER_AUTOMATIC: _ClassVar[DeliveryTrigger]
    DELIVERY_TRIGGER_MANUAL: _ClassVar[DeliveryTrigger]
    DELIVERY_TRIGGER_REPLAY: _ClassVar[DeliveryTrigger]
    DELIVERY_TRIGGER_TEST: _ClassVar[DeliveryTrigger]
DELIVERY_STATE_UNSPECIFIED: DeliveryState
DELIVERY_STATE_PENDING: DeliveryState
DELIVERY_STATE_DELIVERING: DeliveryState
DELIVERY_STATE_RETRYING: DeliveryState
DELIVERY_STATE_HELD: DeliveryState
DELIVERY_STATE_SUCCEEDED: DeliveryState
DELIVERY_STATE_FAILED: DeliveryState
DELIVERY_STATE_CANCELLED: DeliveryState
DELIVERY_TRIGGER_UNSPECIFIED: DeliveryTrigger
DELIVERY_TRIGGER_AUTOMATIC: DeliveryTrigger
DELIVERY_TRIGGER_MANUAL: DeliveryTrigger
DELIVERY_TRIGGER_REPLAY: DeliveryTrigger
DELIVERY_TRIGGER_TEST: DeliveryTrigger

class Delivery(_message.Message):
    __slots__ = ("endpoint_id", "event_id", "workspace_id", "event_type", "state", "trigger", "attempt_count", "next_attempt_time", "ordering_key", "replay_id", "create_time", "update_time")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    ORDERING_KEY_FIELD_NUMBER: _ClassVar[int]
    REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    event_id: str
    workspace_id: str
    event_type: str
    state: DeliveryState
    trigger: DeliveryTrigger
    attempt_count: int
    next_attempt_time: _timestamp_pb2.Timestamp
    ordering_key: str
    replay_id: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, endpoint_id: _Optional[str] = ..., event_id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., event_type: _Optional[str] = ..., state: _Optional[_Union[DeliveryState, str]] = ..., trigger: _Optional[_Union[DeliveryTrigger, str]] = ..., attempt_count: _Optional[int] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ordering_key: _Optional[str] = ..., replay_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("number", "trigger", "start_time", "dns_duration", "connect_duration", "tls_duration", "first_byte_duration", "total_duration", "status_code", "error", "response_headers", "response_body", "address", "detail", "resent")
    class ResponseHeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    DNS_DURATION_FIELD_NUMBER: _ClassVar[int]
    CONNECT_DURATION_FIELD_NUMBER: _ClassVar[int]
    TLS_DURATION_FIELD_NUMBER: _ClassVar[int]
    FIRST_BYTE_DURATION_FIELD_NUMBER: _ClassVar[int]
    TOTAL_DURATION_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_HEADERS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_BODY_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    RESENT_FIELD_NUMBER: _ClassVar[int]
    number: int
    trigger: DeliveryTrigger
    start_time: _timestamp_pb2.Timestamp
    dns_duration: _duration_pb2.Duration
    connect_duration: _duration_pb2.Duration
    tls_duration: _duration_pb2.Duration
    first_byte_duration: _duration_pb2.Duration
    total_duration: _duration_pb2.Duration
    status_code: int
    error: str
    response_headers: _containers.ScalarMap[str, str]
    response_body: bytes
    address: str
    detail: str
    resent: bool
    def __init__(self, number: _Optional[int] = ..., trigger: _Optional[_Union[DeliveryTrigger, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dns_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., connect_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., tls_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., first_byte_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., total_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., status_code: _Optional[int] = ..., error: _Optional[str] = ..., response_headers: _Optional[_Mapping[str, str]] = ..., response_body: _Optional[bytes] = ..., address: _Optional[str] = ..., detail: _Optional[str] = ..., resent: _Optional[bool] = ...) -> None: ...
