"""Versions of workflows: what each save of a definition keeps."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.core import call, clock, structs
from server.core.errors import NotFound
from server.core.paging import Page
from server.workflows.queries import workflows as queries
from server.workflows.queries.workflows import VersionRow, WorkflowRow


def begin(row: WorkflowRow, definition: Mapping[str, Any]) -> None:
    """Keep the first version of a new workflow."""
    queries.add_version(row, definition, creator=call.current().actor)


def change(before: WorkflowRow, definition: Mapping[str, Any] | None = None, **changes: Any) -> WorkflowRow:
    """Write `changes` of a workflow that the transaction holds, and a version when its definition is another one."""
    if definition is not None:
        changes["version"] = before.version + 1
    after = before._replace(**changes, revision=before.revision + 1, update_time=clock.now())
    columns = {*changes, "revision", "update_time"}
    queries.update(after.workspace_id, after.id, **{column: getattr(after, column) for column in columns})
    if definition is not None:
        queries.add_version(after, definition, creator=call.current().actor)
    return after


def latest(row: WorkflowRow) -> dict[str, Any]:
    """The definition of the latest version."""
    definition: dict[str, Any] = structs.loads(get(row, row.version).definition or "{}")
    return definition


def get(row: WorkflowRow, number: int) -> VersionRow:
    """A version of the workflow. Raises NotFound."""
    found = queries.version(row.workspace_id, row.id, number)
    if found is None:
        raise NotFound
    return found


def page_of(workspace_id: UUID, workflow_id: UUID, page: Page) -> tuple[list[VersionRow], str]:
    """A page of versions, the newest first, and the token of the next one. Raises NotFound."""
    if queries.get(workspace_id, workflow_id) is None:
        raise NotFound
    before = int(page.after[0]) if page.after else None
    rows = queries.versions(workspace_id, workflow_id, before=before, limit=page.limit)
    return page.cut(rows, lambda row: [row.number])
