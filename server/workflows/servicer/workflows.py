"""userdata.workflows.v1.WorkflowService and WorkflowStatsService."""

from google.protobuf.empty_pb2 import Empty

from server.core import ids, masks, paging
from server.core.call import Call
from server.workflows.convert import times
from server.workflows.convert import workflows as convert
from server.workflows.service import states, stats, versions, workflows
from userdata.workflows.v1 import workflow_service_pb2 as pb
from userdata.workflows.v1.workflow_pb2 import Workflow, WorkflowVersion
from userdata.workflows.v1.workflow_stats_pb2 import WorkflowStats
from userdata.workflows.v1.workflow_stats_service_pb2 import GetWorkflowStatsRequest


class WorkflowServicer:
    """Keeps the workflows of a workspace."""

    def CreateWorkflow(self, request: pb.CreateWorkflowRequest, call: Call) -> Workflow:
        row, definition = workflows.create(call, request.workflow, validate_only=request.validate_only)
        if request.validate_only:
            return convert.preview(row, definition, is_new=True)
        return convert.workflow(row, definition)

    def GetWorkflow(self, request: pb.GetWorkflowRequest, call: Call) -> Workflow:
        return convert.workflow(*workflows.latest(call.workspace, ids.decode("wf", request.workflow_id)))

    def ListWorkflows(self, request: pb.ListWorkflowsRequest, call: Call) -> pb.ListWorkflowsResponse:
        rows, token = workflows.page_of(call.workspace, paging.page_of(request), text=request.filter)
        return pb.ListWorkflowsResponse(workflows=[convert.workflow(row) for row in rows], next_page_token=token)

    def UpdateWorkflow(self, request: pb.UpdateWorkflowRequest, call: Call) -> Workflow:
        paths = masks.paths(request.update_mask, request.workflow, allowed=workflows.CHANGEABLE)
        workflow_id = ids.decode("wf", request.workflow_id)
        row, definition = workflows.update(
            call, workflow_id, request.workflow, paths, validate_only=request.validate_only
        )
        if request.validate_only:
            return convert.preview(row, definition, is_new=False)
        return convert.workflow(row, definition)

    def DeleteWorkflow(self, request: pb.DeleteWorkflowRequest, call: Call) -> Empty:
        workflows.delete(call, ids.decode("wf", request.workflow_id), etag=request.etag)
        return Empty()

    def ActivateWorkflow(self, request: pb.ActivateWorkflowRequest, call: Call) -> Workflow:
        return convert.workflow(*states.activate(call, ids.decode("wf", request.workflow_id), etag=request.etag))

    def PauseWorkflow(self, request: pb.PauseWorkflowRequest, call: Call) -> Workflow:
        return convert.workflow(*states.pause(call, ids.decode("wf", request.workflow_id), etag=request.etag))

    def ArchiveWorkflow(self, request: pb.ArchiveWorkflowRequest, call: Call) -> Workflow:
        return convert.workflow(*states.archive(call, ids.decode("wf", request.workflow_id), etag=request.etag))

    def ListWorkflowVersions(
        self, request: pb.ListWorkflowVersionsRequest, call: Call
    ) -> pb.ListWorkflowVersionsResponse:
        workflow_id = ids.decode("wf", request.workflow_id)
        rows, token = versions.page_of(call.workspace, workflow_id, paging.page_of(request))
        return pb.ListWorkflowVersionsResponse(versions=[convert.version(row) for row in rows], next_page_token=token)

    def GetWorkflowVersion(self, request: pb.GetWorkflowVersionRequest, call: Call) -> WorkflowVersion:
        workflow = workflows.get(call.workspace, ids.decode("wf", request.workflow_id))
        return convert.version(versions.get(workflow, request.version))


class WorkflowStatsServicer:
    """Tells how workflows do."""

    def GetWorkflowStats(self, request: GetWorkflowStatsRequest, call: Call) -> WorkflowStats:
        start = times.moment(request.start_time) if request.HasField("start_time") else None
        end = times.moment(request.end_time) if request.HasField("end_time") else None
        workflow_id = ids.decode("wf", request.workflow_id)
        return convert.stats(stats.by_day(call.workspace, workflow_id, start=start, end=end))
