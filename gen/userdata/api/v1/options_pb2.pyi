from google.protobuf import descriptor_pb2 as _descriptor_pb2
from userdata.api.v1 import error_reason_pb2 as _error_reason_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class Credential(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDENTIAL_UNSPECIFIED: _ClassVar[Credential]
    CREDENTIAL_SESSION: _ClassVar[Credential]
    CREDENTIAL_FRESH_SESSION: _ClassVar[Credential]
CREDENTIAL_UNSPECIFIED: Credential
CREDENTIAL_SESSION: Credential
CREDENTIAL_FRESH_SESSION: Credential
PERMISSION_FIELD_NUMBER: _ClassVar[int]
permission: _descriptor.FieldDescriptor
CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
credential: _descriptor.FieldDescriptor
ERRORS_FIELD_NUMBER: _ClassVar[int]
errors: _descriptor.FieldDescriptor
