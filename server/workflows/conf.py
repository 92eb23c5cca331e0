"""Settings of the room."""

from pydantic import Field, field_validator

from server.core.config import Section
from server.core.outbound.settings import OutboundSettings, parse_networks


class WorkflowsSettings(Section):
    """What an operator may want to set about workflows."""

    workflows_per_workspace: int = Field(1000, ge=1, le=100_000, description="how many workflows a workspace may have")
    workflow_secrets_per_workspace: int = Field(
        500, ge=1, le=10_000, description="how many secrets for workflows a workspace may have"
    )
    runner_executions: int = Field(
        400, ge=1, le=10_000, description="how many executions one runner process has in its memory at a time"
    )
    runner_concurrency: int = Field(
        256, ge=1, le=10_000, description="how many steps that reach outside one runner process makes at a time"
    )
    workflow_allow_http: bool = Field(
        default=False, description="whether steps of workflows may ask http URLs; without it only https"
    )
    workflow_allowed_networks: str = Field(
        "",
        description="networks (CIDR, comma-separated) that steps of workflows may reach although they are not public",
    )

    @field_validator("workflow_allowed_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @property
    def outbound(self) -> OutboundSettings:
        """What requests of steps may reach."""
        return OutboundSettings(
            allow_http=self.workflow_allow_http, allowed_networks=parse_networks(self.workflow_allowed_networks)
        )
