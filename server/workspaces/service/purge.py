"""Removing deleted workspaces for good, when their 30 days are over. For workers."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from server.core import clock
from server.workspaces.queries import purging, workspaces
from server.workspaces.service import access

#: Each deletes at most so many rows of a workspace and gives how many it deleted. Rooms above have their rows deleted
#: here without being known here: `workers.handlers.maintenance` puts their functions in, the highest room first.
ROOMS: Final[list[Callable[[UUID, int], int]]] = []


def due(limit: int) -> list[UUID]:
    """At most `limit` workspaces that are to be purged, the longest due first. Needs the worker's role."""
    return workspaces.due(clock.now(), limit)


def purge(workspace_id: UUID, limit: int) -> bool:
    """Delete at most `limit` rows of a workspace that is due; True when nothing of it is left.

    Runs in a transaction of its own each time, opened for the workspace by who calls it, with the worker's role. A
    workspace that is not due, or gone, counts as done. What happened in it stays in the event log.
    """
    row = workspaces.lock(workspace_id)
    if row is None or not access.is_gone(row):
        return True
    if any(delete_some(workspace_id, limit) for delete_some in (*ROOMS, purging.delete_some)):
        return False
    purging.delete_workspace(workspace_id)
    return True
