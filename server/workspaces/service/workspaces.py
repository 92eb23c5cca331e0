"""Creating, finding and changing workspaces."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any, Final
from uuid import UUID

from server.core import clock, config, etags, events, ids, paging, tenancy
from server.core.call import Call
from server.core.conflicts import translated
from server.core.db import db
from server.core.errors import FieldViolation, InvalidArgument, NotFound
from server.core.paging import Page
from server.workspaces import convert
from server.workspaces.conf import WorkspacesSettings
from server.workspaces.errors import SlugTaken, TooManyWorkspaces
from server.workspaces.queries import workspaces
from server.workspaces.queries.rows import WorkspaceRow
from server.workspaces.roles import Role
from server.workspaces.service import access, slugs
from userdata.workspaces.v1.workspace_events_pb2 import WorkspaceCreated, WorkspaceMemberAdded, WorkspaceUpdated

#: Differs after every change, and so tells nothing.
_ALWAYS: Final = frozenset({"etag", "update_time"})


def create(
    person: UUID, *, name: str, slug: str, settings: dict[str, Any], labels: dict[str, str], validate_only: bool
) -> WorkspaceRow:
    """A new workspace of which `person` is the owner. Without `slug` it gets one that its name gives.

    With `validate_only` all of it happens and is undone. Raises SlugReserved, SlugTaken, TooManyWorkspaces.
    """
    if slug:
        slugs.require_free(slug, field="workspace.slug")
    now = clock.now()
    row = WorkspaceRow(ids.new(), name, slug, person, "free", settings, labels, 1, now, now, None, None)
    wanted = [slug] if slug else slugs.candidates(name)
    if not validate_only:
        return _create(row, wanted)
    with db.atomic() as savepoint:
        row = _create(row, wanted)
        savepoint.rollback()
    return row


def _create(row: WorkspaceRow, wanted: Iterable[str]) -> WorkspaceRow:
    tenancy.enter(row.id)
    row = _insert(row, wanted)
    workspace = convert.workspace(row)
    events.publish("workspace.created", WorkspaceCreated(workspace=workspace), subject=workspace.id, workspace=row.id)
    added = WorkspaceMemberAdded(workspace_id=workspace.id, user_id=workspace.owner_id, role=convert.role(Role.OWNER))
    events.publish("workspace.member.added", added, subject=workspace.owner_id, workspace=row.id)
    return row


def _insert(row: WorkspaceRow, wanted: Iterable[str]) -> WorkspaceRow:
    limit = config.read(WorkspacesSettings).workspaces_per_user
    for slug in wanted:
        row = row._replace(slug=slug)
        if workspaces.create(row, limit=limit):
            return row
        if limit and workspaces.owns_as_many(row.owner_id, limit):
            raise TooManyWorkspaces(limit=str(limit))
    raise SlugTaken(slug=row.slug)


def get_by_slug(person: UUID, slug: str) -> WorkspaceRow:
    """The person's living workspace with this slug."""
    row = workspaces.by_slug(person, slug)
    if row is None:
        raise NotFound
    return row


def page_of_mine(person: UUID, page: Page, *, order_by: str, show_deleted: bool) -> tuple[list[WorkspaceRow], str]:
    """A page of the person's workspaces and the token of the next one."""
    rows = workspaces.page_of(
        person,
        after=UUID(page.after[0]) if page.after else None,
        limit=page.limit,
        descending=paging.descending(order_by, "create_time", default=True),
        shown_from=clock.now() if show_deleted else None,
    )
    return page.cut(rows, lambda row: [str(row.id)])


def update(caller: Call, changes: Mapping[str, Any], *, etag: str) -> WorkspaceRow:
    """The workspace after `changes` of its name, slug, settings and labels. What is the same already is no change.

    Raises SlugReserved, SlugTaken, Aborted, WorkspaceDeleted.
    """
    before = access.hold(caller)
    etags.require(etag, before.id, before.revision)
    changes = {column: value for column, value in changes.items() if getattr(before, column) != value}
    missing = [column for column in ("name", "slug") if changes.get(column) == ""]
    if missing:
        raise InvalidArgument(violations=[FieldViolation(f"workspace.{name}", "is required") for name in missing])
    if "slug" in changes:
        slugs.require_free(changes["slug"], field="workspace.slug")
    return set_columns(before, changes) if changes else before


def set_columns(before: WorkspaceRow, changes: Mapping[str, Any]) -> WorkspaceRow:
    """Write `changes` of a workspace that the transaction holds, and tell of them. Raises SlugTaken."""
    after = before._replace(**changes, revision=before.revision + 1, update_time=clock.now())
    write(after, *changes)
    old, new = convert.workspace(before), convert.workspace(after)
    differences = {name: change for name, change in events.changes(old, new).items() if name not in _ALWAYS}
    updated = WorkspaceUpdated(workspace=new, changes=differences)
    events.publish("workspace.updated", updated, subject=new.id, workspace=after.id)
    return after


def write(after: WorkspaceRow, *columns: str) -> None:
    """Write `columns` of a workspace, its revision and update time. Raises SlugTaken."""
    values = {column: getattr(after, column) for column in (*columns, "revision", "update_time")}
    can_collide = "slug" in columns
    with translated({"workspace_slug": SlugTaken(slug=after.slug)}) if can_collide else nullcontext():
        workspaces.update(after.id, **values)
