"""userdata.workflows.v1.ExecutionService and the part of ExecutionStreamService that asks the database."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from server.core import ids, paging, structs
from server.core.call import Call
from server.workflows.convert import executions as convert
from server.workflows.service import (
    bulk,
    controlling,
    executing,
    executions,
    forking,
    retrying,
    timeline,
)
from server.workflows.service.executing import Asked
from userdata.workflows.v1 import execution_service_pb2 as pb
from userdata.workflows.v1.execution_pb2 import Execution
from userdata.workflows.v1.execution_stream_service_pb2 import WatchExecutionRequest, WatchExecutionResponse


class ExecutionServicer:
    """Starts executions, shows them, and steers them."""

    def ExecuteWorkflow(self, request: pb.ExecuteWorkflowRequest, call: Call) -> Execution:
        workflow = executing.by_id_or_name(call.workspace, request.workflow_id, request.name)
        started = executing.execute(call, workflow, [_asked(request)], places=[""])[0]
        if (within := request.wait.ToTimedelta()) > timedelta():
            call.afterwards = _waiting(call, started.id, within)
        return convert.execution(executions.started(call.workspace, started))

    def BatchExecuteWorkflow(
        self, request: pb.BatchExecuteWorkflowRequest, call: Call
    ) -> pb.BatchExecuteWorkflowResponse:
        workflow = executing.by_id_or_name(call.workspace, request.workflow_id, "")
        asked = [_asked(each) for each in request.starts]
        places = [f"starts[{index}]." for index in range(len(asked))]
        started = executing.execute(call, workflow, asked, places=places)
        rows = executions.all_started(call.workspace, started)
        return pb.BatchExecuteWorkflowResponse(executions=map(convert.execution, rows))

    def GetExecution(self, request: pb.GetExecutionRequest, call: Call) -> Execution:
        return convert.execution(executions.get(call.workspace, _id(request)))

    def ListExecutions(self, request: pb.ListExecutionsRequest, call: Call) -> pb.ListExecutionsResponse:
        rows, token = executions.page_of(call.workspace, paging.page_of(request), wanted=request.filter)
        return pb.ListExecutionsResponse(executions=map(convert.execution, rows), next_page_token=token)

    def ListExecutionSteps(self, request: pb.ListExecutionStepsRequest, call: Call) -> pb.ListExecutionStepsResponse:
        rows, token = executions.steps(call.workspace, _id(request), paging.page_of(request))
        return pb.ListExecutionStepsResponse(steps=map(convert.step, rows), next_page_token=token)

    def GetExecutionTimeline(
        self, request: pb.GetExecutionTimelineRequest, call: Call
    ) -> pb.GetExecutionTimelineResponse:
        entries, is_truncated = timeline.of(call.workspace, _id(request))
        return pb.GetExecutionTimelineResponse(entries=map(convert.entry, entries), truncated=is_truncated)

    def ListExecutionLogs(self, request: pb.ListExecutionLogsRequest, call: Call) -> pb.ListExecutionLogsResponse:
        page = paging.page_of(request)
        rows, token = executions.logs(call.workspace, _id(request), page, wanted=request.filter)
        return pb.ListExecutionLogsResponse(entries=map(convert.log_entry, rows), next_page_token=token)

    def CancelExecution(self, request: pb.CancelExecutionRequest, call: Call) -> Execution:
        return convert.execution(controlling.cancel(call.workspace, _id(request), reason=request.reason))

    def PauseExecution(self, request: pb.PauseExecutionRequest, call: Call) -> Execution:
        return convert.execution(controlling.pause(call.workspace, _id(request)))

    def ResumeExecution(self, request: pb.ResumeExecutionRequest, call: Call) -> Execution:
        return convert.execution(controlling.resume(call.workspace, _id(request)))

    def RetryExecution(self, request: pb.RetryExecutionRequest, call: Call) -> Execution:
        return convert.execution(retrying.retry(call.workspace, _id(request)))

    def ForkExecution(self, request: pb.ForkExecutionRequest, call: Call) -> Execution:
        row = forking.fork(
            call,
            _id(request),
            step_id=request.step_id,
            given=structs.to_dict(request.input) if request.HasField("input") else None,
            version=request.version,
            labels=dict(request.labels),
        )
        return convert.execution(row)

    def SignalExecution(self, request: pb.SignalExecutionRequest, call: Call) -> Execution:
        payload = structs.to_dict(request.payload)
        return convert.execution(controlling.signal(call.workspace, _id(request), request.name, payload))

    def BulkCancelExecutions(
        self, request: pb.BulkCancelExecutionsRequest, call: Call
    ) -> pb.BulkCancelExecutionsResponse:
        count = bulk.cancel(call, request.filter, reason=request.reason, validate_only=request.validate_only)
        return pb.BulkCancelExecutionsResponse(
            execution_count=min(count, bulk.MOST_COUNTED), count_is_least=count > bulk.MOST_COUNTED
        )

    def BulkRetryExecutions(self, request: pb.BulkRetryExecutionsRequest, call: Call) -> pb.BulkRetryExecutionsResponse:
        count = bulk.retry(call, request.filter, validate_only=request.validate_only)
        return pb.BulkRetryExecutionsResponse(
            execution_count=min(count, bulk.MOST_COUNTED), count_is_least=count > bulk.MOST_COUNTED
        )


class ExecutionStreamServicer:
    """Follows executions. Going on with a stream is for the streams process to do."""

    def WatchExecution(self, request: WatchExecutionRequest, call: Call) -> WatchExecutionResponse:
        row = executions.get(call.workspace, ids.decode("exe", request.execution_id))
        return WatchExecutionResponse(execution=convert.outline(row))


_Named = (
    pb.GetExecutionRequest
    | pb.ListExecutionStepsRequest
    | pb.GetExecutionTimelineRequest
    | pb.ListExecutionLogsRequest
    | pb.CancelExecutionRequest
    | pb.PauseExecutionRequest
    | pb.ResumeExecutionRequest
    | pb.RetryExecutionRequest
    | pb.ForkExecutionRequest
    | pb.SignalExecutionRequest
)


def _id(request: _Named) -> UUID:
    return ids.decode("exe", request.execution_id)


def _asked(start: pb.ExecuteWorkflowRequest | pb.ExecutionStart) -> Asked:
    return Asked(structs.to_dict(start.input), dict(start.labels), start.priority, start.idempotency_key)


def _waiting(call: Call, execution_id: UUID, within: timedelta) -> Callable[[Execution], Execution]:
    def wait(started: Execution) -> Execution:
        row = executing.wait(call, execution_id, within)
        return started if row is None else convert.execution(row)

    return wait
