"""How workflows, triggers and secrets refuse: one class for each reason of the contract that they raise."""

from collections.abc import Sequence
from typing import Final

from server.core.errors import AlreadyExists, Exhausted, FailedPrecondition, FieldViolation, InvalidArgument
from server.workflows.language.faults import Fault

#: An answer's trailers hold no more: gRPC clients refuse metadata beyond 8 KiB.
_MOST_CHARACTERS: Final = 4000


class WorkflowNameTaken(AlreadyExists):
    """Another living workflow of the workspace has the name."""

    reason = "WORKFLOW_NAME_TAKEN"
    message = "The workflow name {name} is taken. Choose another."


class WorkflowDefinitionInvalid(InvalidArgument):
    """Something is wrong with the definition; each violation names a JSON Pointer into it."""

    reason = "WORKFLOW_DEFINITION_INVALID"
    message = "The definition is not valid. Correct what is listed."

    def __init__(self, faults: Sequence[Fault], *, at: str) -> None:
        """`at` is the field of the request that holds the definition."""
        super().__init__(violations=_violations(faults, at))


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


def _violations(faults: Sequence[Fault], at: str) -> list[FieldViolation]:
    """The first faults, as many as an error can hold, and how many more there are."""
    found: list[FieldViolation] = []
    left = _MOST_CHARACTERS
    for fault in faults:
        violation = FieldViolation(f"{at}{fault.pointer}", _sentence(fault))
        left -= len(violation.field) + len(violation.description)
        if left < 0 and found:
            more = len(faults) - len(found)
            found.append(FieldViolation(at, f"{more} more are wrong. ValidateWorkflow lists all of them."))
            break
        found.append(violation)
    return found


def _sentence(fault: Fault) -> str:
    where = f" (line {fault.line}, column {fault.column})" if fault.line else ""
    return f"{fault.text}{where}"
