import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.webhooks.v1 import replay_pb2 as _replay_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateReplayRequest(_message.Message):
    __slots__ = ("workspace_id", "replay", "validate_only")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    replay: _replay_pb2.Replay
    validate_only: bool
    def __init__(self, workspace_id: _Optional[str] = ..., replay: _Optional[_Union[_replay_pb2.Replay, _Mapping]] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class GetReplayRequest(_message.Message):
    __slots__ = ("workspace_id", "replay_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    replay_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., replay_id: _Optional[str] = ...) -> None: ...

class ListReplaysRequest(_message.Message):
    __slots__ = ("workspace_id", "page_size", "page_token")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    page_size: int
    page_token: str
    def __init__(self, workspace_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReplaysResponse(_message.Message):
    __slots__ = ("replays", "next_page_token")
    REPLAYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    replays: _containers.RepeatedCompositeFieldContainer[_replay_pb2.Replay]
    next_page_token: str
    def __init__(self, replays: _Optional[_Iterable[_Union[_replay_pb2.Replay, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelReplayRequest(_message.Message):
    __slots__ = ("workspace_id", "replay_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAY_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    replay_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., replay_id: _Optional[str] = ...) -> None: ...

class RecoverEndpointRequest(_message.Message):
    __slots__ = ("workspace_id", "endpoint_id", "start_time", "rate_limit")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    endpoint_id: str
    start_time: _timestamp_pb2.Timestamp
    rate_limit: int
    def __init__(self, workspace_id: _Optional[str] = ..., endpoint_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rate_limit: _Optional[int] = ...) -> None: ...
