"""userdata.workflows.v1.TriggerService."""

from server.core import ids
from server.core.call import Call
from server.workflows.convert import triggers as convert
from server.workflows.service import triggers
from userdata.workflows.v1 import trigger_service_pb2 as pb
from userdata.workflows.v1.trigger_pb2 import Trigger


class TriggerServicer:
    """Shows, pauses and resumes the triggers of workflows."""

    def ListTriggers(self, request: pb.ListTriggersRequest, call: Call) -> pb.ListTriggersResponse:
        rows = triggers.of_workflow(call.workspace, ids.decode("wf", request.workflow_id))
        return pb.ListTriggersResponse(triggers=[convert.trigger(row) for row in rows])

    def PauseTrigger(self, request: pb.PauseTriggerRequest, call: Call) -> Trigger:
        return convert.trigger(triggers.pause(call, ids.decode("wf", request.workflow_id), request.trigger_id))

    def ResumeTrigger(self, request: pb.ResumeTriggerRequest, call: Call) -> Trigger:
        return convert.trigger(triggers.resume(call, ids.decode("wf", request.workflow_id), request.trigger_id))
