"""Dry runs: what a definition would do, with made up outputs of what reaches outside."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.core import clock, events, ids, structs
from server.core.call import Call
from server.core.errors import FieldViolation, InvalidArgument
from server.events import schemas
from server.workflows.convert import definitions as convert
from server.workflows.engine import dry
from server.workflows.engine.dry import Mock, Rehearsal
from server.workflows.engine.types import Facts, StepError
from server.workflows.errors import ExecutionInputInvalid
from server.workflows.language.definition import Definition
from server.workflows.service import definitions, workflows
from server.workflows.steps import registry
from server.workspaces.service import access
from userdata.workflows.v1.definition_service_pb2 import DryRunWorkflowRequest

#: What stands for an id and a name that there are not.
_NOBODY: Final = UUID(int=0)
_UNNAMED: Final = "dry-run"
_YEAR: Final = timedelta(days=366)


def run(caller: Call, request: DryRunWorkflowRequest) -> Rehearsal:
    """What the definition that the request names or has would do.

    Raises InvalidArgument, NotFound, WorkflowDefinitionInvalid, ExecutionInputInvalid.
    """
    definition, workflow_id, name, version = _definition(caller, request)
    value = structs.to_dict(request.input)
    if definition.input_schema is not None:
        violations = schemas.compiled(structs.dumps(definition.input_schema)).violations(value, at="input")
        if violations:
            raise ExecutionInputInvalid(violations=violations)
    workspace, now = access.workspace_of(caller), clock.now()
    facts = Facts(
        execution_id=ids.new_at(now),
        workspace_id=workspace.id,
        workflow_id=workflow_id,
        workflow_name=name,
        version=version,
        generation=1,
        input=value,
        trigger={"kind": "MANUAL", "id": "", "event": None, "time": None},
        workspace={"id": ids.encode("ws", workspace.id), "slug": workspace.slug, "name": workspace.name},
        secrets=dict.fromkeys(definition.secrets, events.MASK),
        create_time=now,
        timeout_time=now + _timeout(definition),
    )
    return dry.rehearse(definition, facts, types=registry.TYPES, mocks=_mocks(request))


def _definition(caller: Call, request: DryRunWorkflowRequest) -> tuple[Definition, UUID, str, int]:
    """The definition, and the id, name and version of its workflow."""
    if not request.workflow_id:
        return definitions.take(request), _NOBODY, _UNNAMED, 1
    if request.yaml or request.HasField("definition"):
        violation = FieldViolation("workflow_id", "must not be given beside definition or yaml")
        raise InvalidArgument(violations=[violation])
    row = workflows.get(caller.workspace, ids.decode("wf", request.workflow_id, field="workflow_id"))
    version = request.version or row.version
    return definitions.of_version(row.workspace_id, row.id, version), row.id, row.name, version


def _timeout(definition: Definition) -> timedelta:
    return _YEAR if definition.timeout is None else min(timedelta(seconds=definition.timeout), _YEAR)


def _mocks(request: DryRunWorkflowRequest) -> dict[str, Mock]:
    return {step: _mock(mock) for step, mock in request.mocks.items()}


def _mock(mock: Any) -> Mock:
    if mock.WhichOneof("result") == "error_code":
        return Mock(error=StepError(mock.error_code, "The mock says so."))
    return Mock(convert.json_of(mock.output))
