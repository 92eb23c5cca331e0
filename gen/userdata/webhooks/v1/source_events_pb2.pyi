from userdata.api.v1 import change_pb2 as _change_pb2
from userdata.api.v1 import event_type_pb2 as _event_type_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.webhooks.v1 import source_pb2 as _source_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WebhookSourceCreated(_message.Message):
    __slots__ = ("source",)
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    source: _source_pb2.Source
    def __init__(self, source: _Optional[_Union[_source_pb2.Source, _Mapping]] = ...) -> None: ...

class WebhookSourceUpdated(_message.Message):
    __slots__ = ("source", "changes")
    class ChangesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _change_pb2.Change
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_change_pb2.Change, _Mapping]] = ...) -> None: ...
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    source: _source_pb2.Source
    changes: _containers.MessageMap[str, _change_pb2.Change]
    def __init__(self, source: _Optional[_Union[_source_pb2.Source, _Mapping]] = ..., changes: _Optional[_Mapping[str, _change_pb2.Change]] = ...) -> None: ...

class WebhookSourceDeleted(_message.Message):
    __slots__ = ("source_id",)
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    source_id: str
    def __init__(self, source_id: _Optional[str] = ...) -> None: ...
