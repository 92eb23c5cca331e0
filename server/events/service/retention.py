"""How long events are kept, and what goes with a workspace. For workers."""

from datetime import datetime, timedelta
from uuid import UUID

from server.core import clock, config
from server.events.conf import EventsSettings
from server.events.queries import purging


def kept_since() -> datetime:
    """The moment before which events, deliveries and attempts are not kept."""
    return clock.now() - timedelta(days=config.read(EventsSettings).event_retention_days)


def forget_dedupe_keys(limit: int) -> int:
    """Forget at most `limit` dedupe keys whose events are not kept any more; gives how many."""
    return purging.forget_dedupe_keys(kept_since(), limit)


def purge_workspace(workspace_id: UUID, limit: int) -> int:
    """Delete at most `limit` rows of a workspace that is purged; gives how many.

    Its events stay in the log for as long as all others.
    """
    return purging.delete_some(workspace_id, limit)
