"""Webhooks of a deleted workspace stand still until it is restored; what is open waits, and goes with the workspace.

The workspace's own events tell of it: the drain shows them, in the order in which they were committed.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from server.core import clock
from server.events.service.draining import Drained
from server.webhooks.queries import standstill

_DELETED: Final = "workspace.deleted"
_RESTORED: Final = "workspace.restored"


def listen(batch: Sequence[Drained]) -> Mapping[UUID, int]:
    """Block the lanes of workspaces that were deleted, and unblock those of restored ones. Makes no deliveries.

    Comes after the fan-out, which has lanes looked at. Needs the worker's role.
    """
    last = {event.workspace_id: event.type for event in batch if event.type in (_DELETED, _RESTORED)}
    deleted = sorted(workspace for workspace, said in last.items() if said == _DELETED)
    restored = sorted(workspace for workspace, said in last.items() if said == _RESTORED)
    if deleted:
        standstill.block(deleted)
    if restored:
        standstill.unblock(restored, now=clock.now())
    return {}
