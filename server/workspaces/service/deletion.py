"""Deleting workspaces and bringing them back."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from server.core import clock, etags, events
from server.core.call import Call
from server.core.errors import NotFound
from server.workspaces import convert
from server.workspaces.errors import NotDeleted
from server.workspaces.queries import workspaces
from server.workspaces.queries.rows import WorkspaceRow
from server.workspaces.service import access, slugs
from server.workspaces.service.workspaces import write
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceDeleted, WorkspaceRestored

#: How long a deleted workspace can be brought back.
KEEP: Final = timedelta(days=30)


def delete(caller: Call, *, etag: str) -> WorkspaceRow:
    """The workspace, deleted. Nothing in it is touched: everything asks whether its workspace lives."""
    before = access.hold(caller)
    etags.require(etag, before.id, before.revision)
    now = clock.now()
    row = before._replace(delete_time=now, purge_time=now + KEEP, revision=before.revision + 1, update_time=now)
    write(row, "delete_time", "purge_time")
    workspace = convert.workspace(row)
    deleted = WorkspaceDeleted(
        workspace_id=workspace.id, delete_time=workspace.delete_time, purge_time=workspace.purge_time
    )
    events.publish("workspace.deleted", deleted, subject=workspace.id, workspace=row.id)
    return row


def undelete(workspace_id: UUID, *, etag: str, slug: str) -> WorkspaceRow:
    """The workspace, alive again, with `slug` or its own.

    Raises NotDeleted, SlugReserved, Aborted, and SlugTaken when another workspace took the slug since.
    """
    before = workspaces.lock(workspace_id)
    if before is None or access.is_gone(before):
        raise NotFound
    if before.delete_time is None:
        raise NotDeleted
    etags.require(etag, before.id, before.revision)
    if slug and slug != before.slug:
        slugs.require_free(slug, field="slug")
    row = before._replace(
        slug=slug or before.slug,
        delete_time=None,
        purge_time=None,
        revision=before.revision + 1,
        update_time=clock.now(),
    )
    write(row, "slug", "delete_time", "purge_time")
    workspace = convert.workspace(row)
    restored = WorkspaceRestored(workspace=workspace)
    events.publish("workspace.restored", restored, subject=workspace.id, workspace=row.id)
    return row
