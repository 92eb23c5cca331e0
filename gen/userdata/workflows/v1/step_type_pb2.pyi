from google.protobuf import struct_pb2 as _struct_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StepType(_message.Message):
    __slots__ = ("name", "summary", "schema", "output_schema", "has_steps", "has_branches")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    HAS_STEPS_FIELD_NUMBER: _ClassVar[int]
    HAS_BRANCHES_FIELD_NUMBER: _ClassVar[int]
    name: str
    summary: str
    schema: _struct_pb2.Struct
    output_schema: _struct_pb2.Struct
    has_steps: bool
    has_branches: bool
    def __init__(self, name: _Optional[str] = ..., summary: _Optional[str] = ..., schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., output_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., has_steps: _Optional[bool] = ..., has_branches: _Optional[bool] = ...) -> None: ...
