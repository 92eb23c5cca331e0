"""Settings of the room."""

from typing import Final

from pydantic import Field, field_validator

from server.core.config import Section
from server.core.outbound.settings import parse_networks

#: The seconds before each attempt of a delivery when its endpoint says nothing: 10 attempts in 75.6 hours, as Standard
#: Webhooks 1.0 proposes.
RETRY_DELAYS: Final = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: How long a receiver may take when its endpoint says nothing, in seconds.
TIMEOUT_SECONDS: Final = 15


class WebhooksSettings(Section):
    """What an operator may want to set about webhooks."""

    endpoints_per_workspace: int = Field(
        100, ge=1, le=1000, description="how many webhook endpoints a workspace may have"
    )
    webhook_allow_http: bool = Field(
        default=False, description="whether webhooks may go to http URLs; without it only to https"
    )
    webhook_allowed_networks: str = Field(
        "",
        description="networks (CIDR, comma-separated) that webhooks may go to although they are not public",
    )
    webhook_concurrency: int = Field(
        512, ge=1, le=10_000, description="how many deliveries one deliverer process has in flight at a time"
    )
    webhook_workspace_concurrency: int = Field(
        256, ge=1, le=10_000, description="how many of them may be of one workspace"
    )
    webhook_endpoint_concurrency: int = Field(
        64, ge=1, le=10_000, description="how many of them may go to one endpoint"
    )
    webhook_lease_seconds: int = Field(
        15,
        ge=1,
        le=3600,
        description="how long after an endpoint's timeout the deliveries of a deliverer that died are given to another",
    )

    @field_validator("webhook_allowed_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        parse_networks(value)
        return value
