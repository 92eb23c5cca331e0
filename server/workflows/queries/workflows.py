"""Queries on `workflow` and `workflow_version`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import peewee

from server.accounts.queries.users import FOR_CHANGE
from server.core import structs
from server.core.db import Prepared, Slot
from server.workflows.models import Version, Workflow


class WorkflowRow(NamedTuple):
    """A row of `workflow`. `paused_triggers` are ids of the definition, also while there are no such triggers."""

    id: UUID
    workspace_id: UUID
    name: str
    display_name: str
    description: str
    state: str
    version: int
    labels: dict[str, str]
    paused_triggers: list[str]
    revision: int
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None


class VersionRow(NamedTuple):
    """A row of `workflow_version`. `definition` is JSON text; None where a list leaves it out."""

    number: int
    creator: str
    create_time: datetime
    definition: str | None


_WORKFLOW: Final = [getattr(Workflow, name) for name in WorkflowRow._fields]
_LISTED: Final = [Version.number, Version.creator, Version.create_time]
_DEFINITION: Final = Version.definition.cast("text")


def _living(workspace_id: Any) -> Any:
    return (Workflow.workspace == workspace_id) & Workflow.delete_time.is_null()


def _one(*, locked: bool) -> Prepared:
    def build() -> Any:
        query = Workflow.select(*_WORKFLOW).where(_living(Slot("workspace")) & (Workflow.id == Slot("workflow")))
        return query.for_update(FOR_CHANGE) if locked else query

    return Prepared(build)


_GET: Final = _one(locked=False)
_LOCK: Final = _one(locked=True)
_LATEST: Final = Prepared(
    lambda: (
        Workflow.select(*_WORKFLOW, _DEFINITION)
        .join(Version, on=(Version.workflow == Workflow.id) & (Version.number == Workflow.version))
        .where(_living(Slot("workspace")) & (Workflow.id == Slot("workflow")))
    )
)


def get(workspace_id: UUID, workflow_id: UUID) -> WorkflowRow | None:
    """A living workflow."""
    row = _GET.row(workspace=workspace_id, workflow=workflow_id)
    return WorkflowRow._make(row) if row else None


def lock(workspace_id: UUID, workflow_id: UUID) -> WorkflowRow | None:
    """A living workflow, held until the transaction ends."""
    row = _LOCK.row(workspace=workspace_id, workflow=workflow_id)
    return WorkflowRow._make(row) if row else None


def latest(workspace_id: UUID, workflow_id: UUID) -> tuple[WorkflowRow, str] | None:
    """A living workflow with the definition of its latest version, as JSON text."""
    row = _LATEST.row(workspace=workspace_id, workflow=workflow_id)
    return (WorkflowRow._make(row[:-1]), row[-1]) if row else None


def page_of(
    workspace_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    states: Collection[str] | None = None,
    names: tuple[str | None, Collection[str]] = (None, ()),
) -> list[WorkflowRow]:
    """A page of living workflows by id, the newest first. `names` are the one to list, and those not to."""
    where = _living(workspace_id)
    if after is not None:
        where &= Workflow.id < after
    if states is not None:
        where &= Workflow.state.in_(sorted(states))
    name, others = names
    if name is not None:
        where &= Workflow.name == name
    if others:
        where &= Workflow.name.not_in(sorted(others))
    rows: Any = Workflow.select(*_WORKFLOW).where(where).order_by(Workflow.id.desc()).limit(limit).tuples()
    return [WorkflowRow._make(row) for row in rows]


def count(workspace_id: UUID, *, most: int) -> int:
    """How many workflows live in the workspace, counted up to `most`."""
    return int(Workflow.select(Workflow.id).where(_living(workspace_id)).limit(most).count())


def insert(row: WorkflowRow) -> None:
    """Insert a workflow."""
    Workflow.insert(**row._asdict()).execute()


def update(workspace_id: UUID, workflow_id: UUID, **changes: Any) -> None:
    """Set columns of a workflow."""
    where = (Workflow.workspace == workspace_id) & (Workflow.id == workflow_id)
    Workflow.update(**changes).where(where).execute()


def add_version(row: WorkflowRow, definition: Any, *, creator: str) -> None:
    """Keep the definition as the version of the number that `row` has."""
    Version.insert(
        workflow=row.id,
        number=row.version,
        workspace=row.workspace_id,
        definition=peewee.SQL("%s::jsonb", [structs.dumps(definition)]),
        creator=creator,
        create_time=row.update_time,
    ).execute()


_VERSION: Final = Prepared(
    lambda: Version.select(*_LISTED, _DEFINITION).where(
        (Version.workspace == Slot("workspace"))
        & (Version.workflow == Slot("workflow"))
        & (Version.number == Slot("number"))
    )
)


def version(workspace_id: UUID, workflow_id: UUID, number: int) -> VersionRow | None:
    """A version of a workflow."""
    row = _VERSION.row(workspace=workspace_id, workflow=workflow_id, number=number)
    return VersionRow._make(row) if row else None


def versions(workspace_id: UUID, workflow_id: UUID, *, before: int | None, limit: int) -> list[VersionRow]:
    """A page of versions by number, the newest first, without their definitions."""
    where = (Version.workspace == workspace_id) & (Version.workflow == workflow_id)
    if before is not None:
        where &= Version.number < before
    rows: Any = Version.select(*_LISTED).where(where).order_by(Version.number.desc()).limit(limit).tuples()
    return [VersionRow(number, creator, create_time, None) for number, creator, create_time in rows]
