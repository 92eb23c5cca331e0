"""Settings of the room."""

from pydantic import Field

from server.core.config import Section


class EventsSettings(Section):
    """What an operator may want to set about events."""

    event_retention_days: int = Field(
        90, ge=1, le=3650, description="how many days events, deliveries and attempts are kept"
    )
    event_types_per_workspace: int = Field(
        1000,
        ge=1,
        le=10_000,
        description="how many event types of its own a workspace may have, archived ones included",
    )
