from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from userdata.api.v1 import options_pb2 as _options_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from userdata.workflows.v1 import definition_pb2 as _definition_pb2
from userdata.workflows.v1 import step_type_pb2 as _step_type_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ValidateWorkflowRequest(_message.Message):
    __slots__ = ("workspace_id", "definition", "yaml")
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    YAML_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    definition: _definition_pb2.Definition
    yaml: str
    def __init__(self, workspace_id: _Optional[str] = ..., definition: _Optional[_Union[_definition_pb2.Definition, _Mapping]] = ..., yaml: _Optional[str] = ...) -> None: ...

class ValidateWorkflowResponse(_message.Message):
    __slots__ = ("faults", "definition")
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[_definition_pb2.DefinitionFault]
    definition: _definition_pb2.Definition
    def __init__(self, faults: _Optional[_Iterable[_Union[_definition_pb2.DefinitionFault, _Mapping]]] = ..., definition: _Optional[_Union[_definition_pb2.Definition, _Mapping]] = ...) -> None: ...

class DryRunWorkflowRequest(_message.Message):
    __slots__ = ("workspace_id", "definition", "yaml", "workflow_id", "version", "input", "mocks")
    class MocksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: StepMock
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[StepMock, _Mapping]] = ...) -> None: ...
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    YAML_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    MOCKS_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    definition: _definition_pb2.Definition
    yaml: str
    workflow_id: str
    version: int
    input: _struct_pb2.Struct
    mocks: _containers.MessageMap[str, StepMock]
    def __init__(self, workspace_id: _Optional[str] = ..., definition: _Optional[_Union[_definition_pb2.Definition, _Mapping]] = ..., yaml: _Optional[str] = ..., workflow_id: _Optional[str] = ..., version: _Optional[int] = ..., input: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., mocks: _Optional[_Mapping[str, StepMock]] = ...) -> None: ...

class StepMock(_message.Message):
    __slots__ = ("output", "error_code")
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    output: _struct_pb2.Value
    error_code: str
    def __init__(self, output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error_code: _Optional[str] = ...) -> None: ...

class DryRunWorkflowResponse(_message.Message):
    __slots__ = ("state", "output", "error", "steps")
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    state: str
    output: _struct_pb2.Value
    error: DryRunError
    steps: _containers.RepeatedCompositeFieldContainer[DryRunStep]
    def __init__(self, state: _Optional[str] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[DryRunError, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[DryRunStep, _Mapping]]] = ...) -> None: ...

class DryRunStep(_message.Message):
    __slots__ = ("path", "type", "attempt", "status", "output", "error")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    path: str
    type: str
    attempt: int
    status: str
    output: _struct_pb2.Value
    error: DryRunError
    def __init__(self, path: _Optional[str] = ..., type: _Optional[str] = ..., attempt: _Optional[int] = ..., status: _Optional[str] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[DryRunError, _Mapping]] = ...) -> None: ...

class DryRunError(_message.Message):
    __slots__ = ("path", "code", "message")
    PATH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    path: str
    code: str
    message: str
    def __init__(self, path: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ListStepTypesRequest(_message.Message):
    __slots__ = ("workspace_id",)
    WORKSPACE_ID_FIELD_NUMBER: _ClassVar[int]
    workspace_id: str
    def __init__(self, workspace_id: _Optional[str] = ...) -> None: ...

class ListStepTypesResponse(_message.Message):
    __slots__ = ("step_types",)
    STEP_TYPES_FIELD_NUMBER: _ClassVar[int]
    step_types: _containers.RepeatedCompositeFieldContainer[_step_type_pb2.StepType]
    def __init__(self, step_types: _Optional[_Iterable[_Union[_step_type_pb2.StepType, _Mapping]]] = ...) -> None: ...
