"""How workflows, triggers and secrets refuse: one class for each reason of the contract that they raise."""

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, InvalidArgument


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
