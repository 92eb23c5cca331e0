import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReplayState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_STATE_UNSPECIFIED: _ClassVar[ReplayState]
    REPLAY_STATE_RUNNING: _ClassVar[ReplayState]
    REPLAY_STATE_SUCCEEDED: _ClassVar[ReplayState]
    REPLAY_STATE_CANCELLED: _ClassVar[ReplayState]

class ReplayConfiguration(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_CONFIGURATION_UNSPECIFIED: _ClassVar[ReplayConfiguration]
    REPLAY_CONFIGURATION_NOW: _ClassVar[ReplayConfiguration]
    REPLAY_CONFIGURATION_THEN: _ClassVar[ReplayConfiguration]

class ReplayStateFilter(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_STATE_FILTER_UNSPECIFIED: _ClassVar[ReplayStateFilter]
    REPLAY_STATE_FILTER_FAILED: _ClassVar[ReplayStateFilter]
    REPLAY_STATE_FILTER_CANCELLED: _ClassVar[ReplayStateFilter]
    REPLAY_STATE_FILTER_SUCCEEDED: _ClassVar[ReplayStateFilter]
    REPLAY_STATE_FILTER_MISSING: _ClassVar[ReplayStateFilter]
REPLAY_STATE_UNSPECIFIED: ReplayState
REPLAY_STATE_RUNNING: ReplayState
REPLAY_STATE_SUCCEEDED: ReplayState
REPLAY_STATE_CANCELLED: ReplayState
REPLAY_CONFIGURATION_UNSPECIFIED: ReplayConfiguration
REPLAY_CONFIGURATION_NOW: ReplayConfiguration
REPLAY_CONFIGURATION_THEN: ReplayConfiguration
REPLAY_STATE_FILTER_UNSPECIFIED: ReplayStateFilter
REPLAY_STATE_FILTER_FAILED: ReplayStateFilter
REPLAY_STATE_FILTER_CANCELLED: ReplayStateFilter
REPLAY_STATE_FILTER_SUCCEEDED: ReplayStateFilter
REPLAY_STATE_FILTER_MISSING: ReplayStateFilter

class Replay(_message.Message):
    __slots__ = ("id", "workspace_id", "selection", "configuration", "rate_limit", "state", "total_count", "total_is_least", "replayed_count", "through_time", "create_time", "update_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    SELECTION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_IS_LEAST_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_COUNT_FIELD_NUMBER: _ClassVar[int]
    THROUGH_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    workspace_id: str
    selection: ReplaySelection
    configuration: ReplayConfiguration
    rate_limit: int
    state: ReplayState
    total_count: int
    total_is_least: bool
    replayed_count: int
    through_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., selection: _Optional[_Union[ReplaySelection, _Mapping]] = ..., configuration: _Optional[_Union[ReplayConfiguration, str]] = ..., rate_limit: _Optional[int] = ..., state: _Optional[_Union[ReplayState, str]] = ..., total_count: _Optional[int] = ..., total_is_least: _Optional[bool] = ..., replayed_count: _Optional[int] = ..., through_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReplaySelection(_message.Message):
    __slots__ = ("start_time", "end_time", "event_types", "endpoint_id", "states")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_TYPES_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    event_types: _containers.RepeatedScalarFieldContainer[str]
    endpoint_id: str
    states: _containers.RepeatedScalarFieldContainer[ReplayStateFilter]
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_types: _Optional[_Iterable[str]] = ..., endpoint_id: _Optional[str] = ..., states: _Optional[_Iterable[_Union[ReplayStateFilter, str]]] = ...) -> None: ...
