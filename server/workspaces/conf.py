"""Settings of the room."""

from pydantic import Field

from server.core.config import Section


class WorkspacesSettings(Section):
    """What an operator may want to set about workspaces."""

    workspaces_per_user: int = Field(
        1000, ge=0, description="how many workspaces one person may own, deleted ones included; 0 for no limit"
    )
