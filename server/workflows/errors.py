"""How workflows, executions, approvals and secrets refuse: one class for each reason of the contract."""

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, InvalidArgument, PermissionDenied


class WorkflowNameTaken(AlreadyExists):
    """Another living workflow of the workspace has the name."""

    reason = "WORKFLOW_NAME_TAKEN"
    message = "The workflow name {name} is taken. Choose another."


class WorkflowDefinitionInvalid(InvalidArgument):
    """Something is wrong with the definition; each violation names a JSON Pointer into it."""

    reason = "WORKFLOW_DEFINITION_INVALID"
    message = "The definition is not valid. Correct what is listed."


class WorkflowArchived(FailedPrecondition):
    """The workflow is archived."""

    reason = "WORKFLOW_ARCHIVED"
    message = "The workflow is archived. Activate it first."


class TooManyWorkflows(Exhausted):
    """The workspace has as many workflows as it may."""

    message = "At most {limit} workflows may be in a workspace. Delete one first."


class WorkflowSecretExists(AlreadyExists):
    """The workspace has a secret of this name."""

    reason = "WORKFLOW_SECRET_EXISTS"
    message = "The secret {name} exists already. Set its value, or choose another name."


class TooManySecrets(Exhausted):
    """The workspace has as many secrets as it may."""

    message = "At most {limit} secrets may be in a workspace. Delete one first."


class ExecutionInputInvalid(InvalidArgument):
    """The input does not match the workflow's schema; every violation is listed."""

    reason = "EXECUTION_INPUT_INVALID"
    message = "The input does not match the workflow's input_schema. Correct the fields that are listed."


class ExecutionFinished(FailedPrecondition):
    """There is nothing left of the execution to steer."""

    reason = "EXECUTION_FINISHED"
    message = "The execution is finished already."


class ExecutionOpen(FailedPrecondition):
    """The execution goes on, so it cannot be retried."""

    reason = "EXECUTION_OPEN"
    message = "The execution is not finished. Cancel it first, or wait for its end."


class ExecutionSucceeded(FailedPrecondition):
    """The execution succeeded, so there is nothing to retry."""

    reason = "EXECUTION_SUCCEEDED"
    message = "The execution succeeded. Fork it to run it once more."


class StepUnknown(InvalidArgument):
    """The definition has no such step at its top level."""

    reason = "STEP_UNKNOWN"
    message = "The definition has no step {step_id} at its top level. Name one that it has."


class TooManySignals(Exhausted):
    """As many signals of the execution are kept as may be."""

    message = "The execution keeps {limit} signals that no step has waited for. Send more when it has."


class ApprovalDecided(FailedPrecondition):
    """The approval was decided, or is not needed any more."""

    reason = "APPROVAL_DECIDED"
    message = "The approval is decided already."


class ApproverRequired(PermissionDenied):
    """The approval names approvers, and the caller is none of them."""

    reason = "APPROVER_REQUIRED"
    message = "Only the approvers that are named may decide. Ask one of them."


class ApprovalDataInvalid(InvalidArgument):
    """The data does not match the form; every violation is listed."""

    reason = "APPROVAL_DATA_INVALID"
    message = "The data does not match the form. Correct the fields that are listed."


class WorkflowNotActive(FailedPrecondition):
    """Nothing starts a workflow that is not active."""

    reason = "WORKFLOW_NOT_ACTIVE"
    message = "The workflow is not active. Activate it first."


class ExecutionConflict(FailedPrecondition):
    """The concurrency key is in use, and the workflow rejects what would have to wait."""

    reason = "EXECUTION_CONFLICT"
    message = "Another execution of this concurrency key runs. Try again when it has ended."
