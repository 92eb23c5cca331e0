"""Settings of the streams process."""

from pydantic import Field

from server.core.config import Section


class StreamsSettings(Section):
    """What an operator may want to set about streams of events."""

    streams_per_workspace: int = Field(
        1000, ge=1, description="streams and waiting polls of one workspace that a streams process holds at a time"
    )
    streams_per_process: int = Field(
        10_000, ge=1, description="streams and waiting polls that a streams process holds at a time"
    )
