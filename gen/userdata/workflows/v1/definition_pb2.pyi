from google.protobuf import struct_pb2 as _struct_pb2
from userdata.api.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Definition(_message.Message):
    __slots__ = ("input_schema", "triggers", "steps", "output", "on_failure", "timeout", "concurrency", "rate_limit", "priority", "retention", "idempotency_key")
    INPUT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    input_schema: _struct_pb2.Struct
    triggers: _containers.RepeatedCompositeFieldContainer[TriggerDefinition]
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    output: _struct_pb2.Value
    on_failure: _containers.RepeatedCompositeFieldContainer[Step]
    timeout: str
    concurrency: Concurrency
    rate_limit: RateLimit
    priority: int
    retention: str
    idempotency_key: str
    def __init__(self, input_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., triggers: _Optional[_Iterable[_Union[TriggerDefinition, _Mapping]]] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., output: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., on_failure: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., timeout: _Optional[str] = ..., concurrency: _Optional[_Union[Concurrency, _Mapping]] = ..., rate_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., priority: _Optional[int] = ..., retention: _Optional[str] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("id", "type", "name", "needs", "retry", "timeout", "on_error", "cache_ttl", "steps", "branches")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    IF_FIELD_NUMBER: _ClassVar[int]
    WITH_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    CACHE_TTL_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    name: str
    needs: _containers.RepeatedScalarFieldContainer[str]
    retry: Retry
    timeout: str
    on_error: OnError
    cache_ttl: str
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    branches: _containers.RepeatedCompositeFieldContainer[Branch]
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., needs: _Optional[_Iterable[str]] = ..., retry: _Optional[_Union[Retry, _Mapping]] = ..., timeout: _Optional[str] = ..., on_error: _Optional[_Union[OnError, _Mapping]] = ..., cache_ttl: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., branches: _Optional[_Iterable[_Union[Branch, _Mapping]]] = ..., **kwargs) -> None: ...

class Branch(_message.Message):
    __slots__ = ("name", "when", "steps")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    name: str
    when: str
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    def __init__(self, name: _Optional[str] = ..., when: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ...) -> None: ...

class Retry(_message.Message):
    __slots__ = ("max_attempts", "initial", "factor", "max", "jitter", "retry_on")
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    INITIAL_FIELD_NUMBER: _ClassVar[int]
    FACTOR_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    RETRY_ON_FIELD_NUMBER: _ClassVar[int]
    max_attempts: int
    initial: str
    factor: float
    max: str
    jitter: float
    retry_on: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, max_attempts: _Optional[int] = ..., initial: _Optional[str] = ..., factor: _Optional[float] = ..., max: _Optional[str] = ..., jitter: _Optional[float] = ..., retry_on: _Optional[_Iterable[str]] = ...) -> None: ...

class OnError(_message.Message):
    __slots__ = ("action", "step")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    action: str
    step: str
    def __init__(self, action: _Optional[str] = ..., step: _Optional[str] = ...) -> None: ...

class Concurrency(_message.Message):
    __slots__ = ("key", "limit", "on_conflict")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    ON_CONFLICT_FIELD_NUMBER: _ClassVar[int]
    key: str
    limit: int
    on_conflict: str
    def __init__(self, key: _Optional[str] = ..., limit: _Optional[int] = ..., on_conflict: _Optional[str] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("key", "limit", "period")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    key: str
    limit: int
    period: str
    def __init__(self, key: _Optional[str] = ..., limit: _Optional[int] = ..., period: _Optional[str] = ...) -> None: ...

class TriggerDefinition(_message.Message):
    __slots__ = ("id", "event", "schedule", "webhook", "workflow", "input")
    ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    id: str
    event: EventTrigger
    schedule: ScheduleTrigger
    webhook: WebhookTrigger
    workflow: WorkflowTrigger
    input: _struct_pb2.Value
    def __init__(self, id: _Optional[str] = ..., event: _Optional[_Union[EventTrigger, _Mapping]] = ..., schedule: _Optional[_Union[ScheduleTrigger, _Mapping]] = ..., webhook: _Optional[_Union[WebhookTrigger, _Mapping]] = ..., workflow: _Optional[_Union[WorkflowTrigger, _Mapping]] = ..., input: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class EventTrigger(_message.Message):
    __slots__ = ("type", "filter")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    type: str
    filter: str
    def __init__(self, type: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class ScheduleTrigger(_message.Message):
    __slots__ = ("cron", "time_zone", "overlap", "catch_up", "catch_up_limit")
    CRON_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_FIELD_NUMBER: _ClassVar[int]
    CATCH_UP_FIELD_NUMBER: _ClassVar[int]
    CATCH_UP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    cron: str
    time_zone: str
    overlap: str
    catch_up: str
    catch_up_limit: int
    def __init__(self, cron: _Optional[str] = ..., time_zone: _Optional[str] = ..., overlap: _Optional[str] = ..., catch_up: _Optional[str] = ..., catch_up_limit: _Optional[int] = ...) -> None: ...

class WebhookTrigger(_message.Message):
    __slots__ = ("source_id", "filter")
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    source_id: str
    filter: str
    def __init__(self, source_id: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class WorkflowTrigger(_message.Message):
    __slots__ = ("name", "states", "filter")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    states: _containers.RepeatedScalarFieldContainer[str]
    filter: str
    def __init__(self, name: _Optional[str] = ..., states: _Optional[_Iterable[str]] = ..., filter: _Optional[str] = ...) -> None: ...

class DefinitionFault(_message.Message):
    __slots__ = ("pointer", "description", "line", "column")
    POINTER_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    pointer: str
    description: str
    line: int
    column: int
    def __init__(self, pointer: _Optional[str] = ..., description: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...
