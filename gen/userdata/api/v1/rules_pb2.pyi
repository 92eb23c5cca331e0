from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORMAT_UNSPECIFIED: _ClassVar[Format]
    FORMAT_EMAIL: _ClassVar[Format]
    FORMAT_URL: _ClassVar[Format]
    FORMAT_SLUG: _ClassVar[Format]
    FORMAT_BCP47: _ClassVar[Format]
    FORMAT_TIME_ZONE: _ClassVar[Format]
    FORMAT_TYPE_ID: _ClassVar[Format]
    FORMAT_LINE: _ClassVar[Format]
    FORMAT_PERMISSION: _ClassVar[Format]
FORMAT_UNSPECIFIED: Format
FORMAT_EMAIL: Format
FORMAT_URL: Format
FORMAT_SLUG: Format
FORMAT_BCP47: Format
FORMAT_TIME_ZONE: Format
FORMAT_TYPE_ID: Format
FORMAT_LINE: Format
FORMAT_PERMISSION: Format
RULES_FIELD_NUMBER: _ClassVar[int]
rules: _descriptor.FieldDescriptor

class Rules(_message.Message):
    __slots__ = ("min_len", "max_len", "pattern", "format", "type_id", "gte", "lte", "min_items", "max_items", "unique_items", "enum_defined", "max_bytes", "keys", "values", "future", "within_seconds", "example")
    MIN_LEN_FIELD_NUMBER: _ClassVar[int]
    MAX_LEN_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    GTE_FIELD_NUMBER: _ClassVar[int]
    LTE_FIELD_NUMBER: _ClassVar[int]
    MIN_ITEMS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITEMS_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_ITEMS_FIELD_NUMBER: _ClassVar[int]
    ENUM_DEFINED_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FUTURE_FIELD_NUMBER: _ClassVar[int]
    WITHIN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_FIELD_NUMBER: _ClassVar[int]
    min_len: int
    max_len: int
    pattern: str
    format: Format
    type_id: str
    gte: float
    lte: float
    min_items: int
    max_items: int
    unique_items: bool
    enum_defined: bool
    max_bytes: int
    keys: Rules
    values: Rules
    future: bool
    within_seconds: int
    example: str
    def __init__(self, min_len: _Optional[int] = ..., max_len: _Optional[int] = ..., pattern: _Optional[str] = ..., format: _Optional[_Union[Format, str]] = ..., type_id: _Optional[str] = ..., gte: _Optional[float] = ..., lte: _Optional[float] = ..., min_items: _Optional[int] = ..., max_items: _Optional[int] = ..., unique_items: _Optional[bool] = ..., enum_defined: _Optional[bool] = ..., max_bytes: _Optional[int] = ..., keys: _Optional[_Union[Rules, _Mapping]] = ..., values: _Optional[_Union[Rules, _Mapping]] = ..., future: _Optional[bool] = ..., within_seconds: _Optional[int] = ..., example: _Optional[str] = ...) -> None: ...
