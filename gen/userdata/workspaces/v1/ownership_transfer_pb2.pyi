import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OwnershipTransferState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OWNERSHIP_TRANSFER_STATE_UNSPECIFIED: _ClassVar[OwnershipTransferState]
    OWNERSHIP_TRANSFER_STATE_PENDING: _ClassVar[OwnershipTransferState]
    OWNERSHIP_TRANSFER_STATE_ACCEPTED: _ClassVar[OwnershipTransferState]
    OWNERSHIP_TRANSFER_STATE_DECLINED: _ClassVar[OwnershipTransferState]
    OWNERSHIP_TRANSFER_STATE_CANCELLED: _ClassVar[OwnershipTransferState]
    OWNERSHIP_TRANSFER_STATE_EXPIRED: _ClassVar[OwnershipTransferState]
OWNERSHIP_TRANSFER_STATE_UNSPECIFIED: OwnershipTransferState
OWNERSHIP_TRANSFER_STATE_PENDING: OwnershipTransferState
OWNERSHIP_TRANSFER_STATE_ACCEPTED: OwnershipTransferState
OWNERSHIP_TRANSFER_STATE_DECLINED: OwnershipTransferState
OWNERSHIP_TRANSFER_STATE_CANCELLED: OwnershipTransferState
OWNERSHIP_TRANSFER_STATE_EXPIRED: OwnershipTransferState

class OwnershipTransfer(_message.Message):
    __slots__ = ("id", "workspace_id", "user_id", "offerer_id", "state", "expire_time", "create_time", "update_time", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    OFFERER_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    workspace_id: str
    user_id: str
    offerer_id: str
    state: OwnershipTransferState
    expire_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., workspace_id: _Optional[str] = ..., user_id: _Optional[str] = ..., offerer_id: _Optional[str] = ..., state: _Optional[_Union[OwnershipTransferState, str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...
