"""Settings of the room."""

from pydantic import Field

from server.core.config import Section


class WorkflowsSettings(Section):
    """What an operator may want to set about workflows."""

    workflows_per_workspace: int = Field(1000, ge=1, le=100_000, description="how many workflows a workspace may have")
    workflow_secrets_per_workspace: int = Field(
        500, ge=1, le=10_000, description="how many secrets for workflows a workspace may have"
    )
