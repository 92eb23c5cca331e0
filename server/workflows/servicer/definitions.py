"""userdata.workflows.v1.DefinitionService."""

from server.core.call import Call
from server.workflows.convert import definitions as convert
from server.workflows.convert import rehearsals
from server.workflows.service import definitions, trying
from server.workflows.steps import registry
from userdata.workflows.v1 import definition_service_pb2 as pb


class DefinitionServicer:
    """Checks and tries definitions."""

    def ValidateWorkflow(self, request: pb.ValidateWorkflowRequest, _call: Call) -> pb.ValidateWorkflowResponse:
        definition, faults = definitions.validate(request)
        return pb.ValidateWorkflowResponse(
            faults=convert.faults(faults),
            definition=None if definition is None else convert.definition(dict(definition.text)),
        )

    def ListStepTypes(self, _request: pb.ListStepTypesRequest, _call: Call) -> pb.ListStepTypesResponse:
        types = sorted(registry.TYPES.values(), key=lambda kind: kind.name)
        return pb.ListStepTypesResponse(step_types=[convert.step_type(kind) for kind in types])

    def DryRunWorkflow(self, request: pb.DryRunWorkflowRequest, call: Call) -> pb.DryRunWorkflowResponse:
        return rehearsals.rehearsal(trying.run(call, request))
