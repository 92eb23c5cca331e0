"""The services of the contract, each method one call into the rules."""

from server.workflows.servicer.definitions import DefinitionServicer
from server.workflows.servicer.secrets import WorkflowSecretServicer
from server.workflows.servicer.triggers import TriggerServicer
from server.workflows.servicer.workflows import WorkflowServicer, WorkflowStatsServicer

__all__ = [
    "DefinitionServicer",
    "TriggerServicer",
    "WorkflowSecretServicer",
    "WorkflowServicer",
    "WorkflowStatsServicer",
]
