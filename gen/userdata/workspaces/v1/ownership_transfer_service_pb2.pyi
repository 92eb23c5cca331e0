from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workspaces.v1 import ownership_transfer_pb2 as _ownership_transfer_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateOwnershipTransferRequest(_message.Message):
    __slots__ = ("workspace_id", "ownership_transfer")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    ownership_transfer: _ownership_transfer_pb2.OwnershipTransfer
    def __init__(self, workspace_id: _Optional[str] = ..., ownership_transfer: _Optional[_Union[_ownership_transfer_pb2.OwnershipTransfer, _Mapping]] = ...) -> None: ...

class GetOwnershipTransferRequest(_message.Message):
    __slots__ = ("workspace_id", "ownership_transfer_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    ownership_transfer_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., ownership_transfer_id: _Optional[str] = ...) -> None: ...

class ListOwnershipTransfersRequest(_message.Message):
    __slots__ = ("workspace_id", "page_size", "page_token", "filter", "order_by")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    page_size: int
    page_token: str
    filter: str
    order_by: str
    def __init__(self, workspace_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ..., order_by: _Optional[str] = ...) -> None: ...

class ListOwnershipTransfersResponse(_message.Message):
    __slots__ = ("ownership_transfers", "next_page_token")
    OWNERSHIP_TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ownership_transfers: _containers.RepeatedCompositeFieldContainer[_ownership_transfer_pb2.OwnershipTransfer]
    next_page_token: str
    def __init__(self, ownership_transfers: _Optional[_Iterable[_Union[_ownership_transfer_pb2.OwnershipTransfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AcceptOwnershipTransferRequest(_message.Message):
    __slots__ = ("workspace_id", "ownership_transfer_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    ownership_transfer_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., ownership_transfer_id: _Optional[str] = ...) -> None: ...

class DeclineOwnershipTransferRequest(_message.Message):
    __slots__ = ("workspace_id", "ownership_transfer_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    ownership_transfer_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., ownership_transfer_id: _Optional[str] = ...) -> None: ...

class CancelOwnershipTransferRequest(_message.Message):
    __slots__ = ("workspace_id", "ownership_transfer_id")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    OWNERSHIP_TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    ownership_transfer_id: str
    def __init__(self, workspace_id: _Optional[str] = ..., ownership_transfer_id: _Optional[str] = ...) -> None: ...
