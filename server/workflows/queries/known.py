"""What starting by hand asks of workflows: which version is the latest, and what it says."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core.db import Prepared, Slot
from server.workflows.models import Version, Workflow


class WorkflowRow(NamedTuple):
    """What a start needs to know of a workflow."""

    id: UUID
    name: str
    state: str
    version: int


_COLUMNS: Final = tuple(getattr(Workflow, name) for name in WorkflowRow._fields)


def _living() -> Any:
    return (Workflow.workspace == Slot("workspace")) & Workflow.delete_time.is_null()


_BY_ID: Final = Prepared(lambda: Workflow.select(*_COLUMNS).where((Workflow.id == Slot("id")) & _living()))
_BY_NAME: Final = Prepared(lambda: Workflow.select(*_COLUMNS).where((Workflow.name == Slot("name")) & _living()))
_DEFINITION: Final = Prepared(
    lambda: Version.select(Version.definition.cast("text")).where(
        (Version.workflow == Slot("workflow"))
        & (Version.number == Slot("number"))
        & (Version.workspace == Slot("workspace"))
    )
)


def by_id(workspace_id: UUID, workflow_id: UUID) -> WorkflowRow | None:
    """A workflow that is not deleted."""
    row = _BY_ID.row(workspace=workspace_id, id=workflow_id)
    return WorkflowRow._make(row) if row else None


def by_name(workspace_id: UUID, name: str) -> WorkflowRow | None:
    """The workflow of that name that is not deleted."""
    row = _BY_NAME.row(workspace=workspace_id, name=name)
    return WorkflowRow._make(row) if row else None


def definition(workspace_id: UUID, workflow_id: UUID, number: int) -> str | None:
    """The definition of a version, as JSON."""
    row = _DEFINITION.row(workspace=workspace_id, workflow=workflow_id, number=number)
    return row[0] if row else None
