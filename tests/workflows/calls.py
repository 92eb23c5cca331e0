"""The calls about workflows that nearly every test makes."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import ParseDict

from server.core import ids
from server.workflows.models import Workflow as WorkflowModel
from server.workspaces.models import Workspace
from tests.workflows.factories import NOTHING
from tests.workspaces.factories import Caller, ws
from userdata.workflows.v1 import workflow_service_pb2 as pb
from userdata.workflows.v1.definition_pb2 import Definition
from userdata.workflows.v1.workflow_pb2 import Workflow

WORKFLOWS = "userdata.workflows.v1.WorkflowService/"
STATS = "userdata.workflows.v1.WorkflowStatsService/"
DEFINITIONS = "userdata.workflows.v1.DefinitionService/"
TRIGGERS = "userdata.workflows.v1.TriggerService/"
SECRETS = "userdata.workflows.v1.WorkflowSecretService/"


def definition_of(text: Mapping[str, Any]) -> Definition:
    """The message of a definition in JSON."""
    return ParseDict(json.loads(json.dumps(text)), Definition())


def create(
    caller: Caller, workspace: Workspace, name: str = "charge-order", *, validate_only: bool = False, **values: Any
) -> Workflow:
    """What CreateWorkflow gives; the definition does nothing, unless another one is given."""
    if "yaml" not in values:
        values["definition"] = definition_of(values.pop("definition", NOTHING))
    workflow = Workflow(name=name, **values)
    request = pb.CreateWorkflowRequest(workspace_id=ws(workspace), workflow=workflow, validate_only=validate_only)
    made: Workflow = caller(f"{WORKFLOWS}CreateWorkflow", request)
    return made


def update(
    caller: Caller, workspace: Workspace, workflow_id: str, *paths: str, validate_only: bool = False, **values: Any
) -> Workflow:
    """What UpdateWorkflow gives."""
    if "definition" in values:
        values["definition"] = definition_of(values["definition"])
    request = pb.UpdateWorkflowRequest(
        workspace_id=ws(workspace),
        workflow_id=workflow_id,
        workflow=Workflow(**values),
        update_mask=FieldMask(paths=paths),
        validate_only=validate_only,
    )
    updated: Workflow = caller(f"{WORKFLOWS}UpdateWorkflow", request)
    return updated


def ask(caller: Caller, verb: str, workspace: Workspace, workflow_id: str, **values: Any) -> Any:
    """What a method of WorkflowService gives that names a workflow."""
    request = getattr(pb, f"{verb}Request")(workspace_id=ws(workspace), workflow_id=workflow_id, **values)
    return caller(f"{WORKFLOWS}{verb}", request)


def wf(workflow: WorkflowModel) -> str:
    """The workflow's id as the contract writes it."""
    return ids.encode("wf", workflow.id)
