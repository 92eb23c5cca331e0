import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.webhooks.v1 import delivery_pb2 as _delivery_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_UNSPECIFIED: _ClassVar[Reason]
    REASON_DELIVERED: _ClassVar[Reason]
    REASON_PENDING: _ClassVar[Reason]
    REASON_DELIVERING: _ClassVar[Reason]
    REASON_RETRYING: _ClassVar[Reason]
    REASON_FAILED: _ClassVar[Reason]
    REASON_CANCELLED: _ClassVar[Reason]
    REASON_HELD_PAUSED: _ClassVar[Reason]
    REASON_WAITING_FOR_ORDER: _ClassVar[Reason]
    REASON_BREAKER_OPEN: _ClassVar[Reason]
    REASON_THROTTLED: _ClassVar[Reason]
    REASON_NOT_SUBSCRIBED: _ClassVar[Reason]
    REASON_CHANNEL_MISMATCH: _ClassVar[Reason]
    REASON_FILTERED: _ClassVar[Reason]
    REASON_FILTER_FAILED: _ClassVar[Reason]
    REASON_DISABLED: _ClassVar[Reason]
    REASON_CREATED_LATER: _ClassVar[Reason]
    REASON_EXPIRED: _ClassVar[Reason]
    REASON_NOT_DRAINED_YET: _ClassVar[Reason]
    REASON_MISSING: _ClassVar[Reason]
    REASON_TEST_OF_ANOTHER: _ClassVar[Reason]
REASON_UNSPECIFIED: Reason
REASON_DELIVERED: Reason
REASON_PENDING: Reason
REASON_DELIVERING: Reason
REASON_RETRYING: Reason
REASON_FAILED: Reason
REASON_CANCELLED: Reason
REASON_HELD_PAUSED: Reason
REASON_WAITING_FOR_ORDER: Reason
REASON_BREAKER_OPEN: Reason
REASON_THROTTLED: Reason
REASON_NOT_SUBSCRIBED: Reason
REASON_CHANNEL_MISMATCH: Reason
REASON_FILTERED: Reason
REASON_FILTER_FAILED: Reason
REASON_DISABLED: Reason
REASON_CREATED_LATER: Reason
REASON_EXPIRED: Reason
REASON_NOT_DRAINED_YET: Reason
REASON_MISSING: Reason
REASON_TEST_OF_ANOTHER: Reason

class ExplainEventResponse(_message.Message):
    __slots__ = ("feed_time", "explanations")
    FEED_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    feed_time: _timestamp_pb2.Timestamp
    explanations: _containers.RepeatedCompositeFieldContainer[Explanation]
    def __init__(self, feed_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., explanations: _Optional[_Iterable[_Union[Explanation, _Mapping]]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("endpoint_id", "reason", "sentence", "delivery", "last_attempt", "next_attempt_time", "blocking_event_id", "endpoint_deleted")
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_DELETED_FIELD_NUMBER: _ClassVar[int]
    endpoint_id: str
    reason: Reason
    sentence: str
    delivery: _delivery_pb2.Delivery
    last_attempt: _delivery_pb2.Attempt
    next_attempt_time: _timestamp_pb2.Timestamp
    blocking_event_id: str
    endpoint_deleted: bool
    def __init__(self, endpoint_id: _Optional[str] = ..., reason: _Optional[_Union[Reason, str]] = ..., sentence: _Optional[str] = ..., delivery: _Optional[_Union[_delivery_pb2.Delivery, _Mapping]] = ..., last_attempt: _Optional[_Union[_delivery_pb2.Attempt, _Mapping]] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., blocking_event_id: _Optional[str] = ..., endpoint_deleted: _Optional[bool] = ...) -> None: ...
