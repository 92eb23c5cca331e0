"""Creating, finding, changing and deleting workflows."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message

from server.core import clock, config, etags, events, filters, ids, structs
from server.core.call import Call
from server.core.conflicts import translated
from server.core.db import db
from server.core.errors import NotFound
from server.core.filters import Comparison, FilterInvalid
from server.core.paging import Page
from server.workflows.conf import WorkflowsSettings
from server.workflows.convert import workflows as convert
from server.workflows.errors import TooManyWorkflows, WorkflowArchived, WorkflowNameTaken
from server.workflows.queries import triggers as trigger_queries
from server.workflows.queries import workflows as queries
from server.workflows.queries.workflows import WorkflowRow
from server.workflows.service import definitions, syncing, versions
from server.workspaces.service import access
from userdata.workflows.v1.workflow_events_pb2 import WorkflowCreated, WorkflowDeleted, WorkflowUpdated
from userdata.workflows.v1.workflow_pb2 import Workflow

_PLAIN: Final = ("display_name", "description")
_DEFINITION: Final = frozenset({"definition", "yaml"})
CHANGEABLE: Final = frozenset({*_PLAIN, "labels"} | _DEFINITION)
#: Differs after every change, and so tells nothing.
_ALWAYS: Final = frozenset({"etag", "update_time"})


def create(caller: Call, message: Workflow, *, validate_only: bool) -> tuple[WorkflowRow, dict[str, Any]]:
    """A new workflow and its definition. With `validate_only` all of it happens and is undone.

    Raises InvalidArgument, WorkflowDefinitionInvalid, WorkflowNameTaken, TooManyWorkflows.
    """
    definition = definitions.take(message, at="workflow.")
    workspace = access.hold(caller)
    now = clock.now()
    row = WorkflowRow(
        id=ids.new(),
        workspace_id=workspace.id,
        name=message.name,
        display_name=message.display_name,
        description=message.description,
        state="DRAFT",
        version=1,
        labels=dict(message.labels),
        paused_triggers=[],
        revision=1,
        create_time=now,
        update_time=now,
        delete_time=None,
    )
    text = dict(definition.text)
    with db.atomic() as savepoint:
        _create(row, text)
        if validate_only:
            savepoint.rollback()
    return row, text


def _create(row: WorkflowRow, text: dict[str, Any]) -> None:
    limit = config.read(WorkflowsSettings).workflows_per_workspace
    if queries.count(row.workspace_id, most=limit) >= limit:
        raise TooManyWorkflows(limit=str(limit))
    with translated({"workflow_name": WorkflowNameTaken(name=row.name)}):
        queries.insert(row)
    versions.begin(row, text)
    publish("created", row, WorkflowCreated(workflow=convert.workflow(row)))


def get(workspace_id: UUID, workflow_id: UUID) -> WorkflowRow:
    """A workflow. Raises NotFound."""
    found = queries.get(workspace_id, workflow_id)
    if found is None:
        raise NotFound
    return found


def latest(workspace_id: UUID, workflow_id: UUID) -> tuple[WorkflowRow, dict[str, Any]]:
    """A workflow and the definition of its latest version. Raises NotFound."""
    found = queries.latest(workspace_id, workflow_id)
    if found is None:
        raise NotFound
    row, text = found
    return row, structs.loads(text)


def hold(caller: Call, workflow_id: UUID, *, etag: str = "") -> WorkflowRow:
    """A workflow of a living workspace, both held: changes of it happen in turn. Raises NotFound, Aborted."""
    workspace = access.hold(caller)
    found = queries.lock(workspace.id, workflow_id)
    if found is None:
        raise NotFound
    etags.require(etag, found.id, found.revision)
    return found


def page_of(workspace_id: UUID, page: Page, *, text: str) -> tuple[list[WorkflowRow], str]:
    """A page of the workflows that the filter `text` lets through, the newest first, and the token of the next one.

    Raises FilterInvalid.
    """
    after = UUID(page.after[0]) if page.after else None
    conditions = _conditions(text)
    rows = [] if conditions is None else queries.page_of(workspace_id, after=after, limit=page.limit, **conditions)
    return page.cut(rows, lambda row: [str(row.id)])


def update(
    caller: Call, workflow_id: UUID, message: Workflow, paths: Collection[str], *, validate_only: bool
) -> tuple[WorkflowRow, dict[str, Any]]:
    """The workflow with `paths` as in `message`, and its definition. What is the same already is no change.

    With `validate_only` all of it happens and is undone. Raises InvalidArgument, WorkflowDefinitionInvalid,
    WorkflowArchived, NotFound, Aborted.
    """
    # Before anything is held: parsing takes its time.
    definition = None if _DEFINITION.isdisjoint(paths) else definitions.take(message, at="workflow.")
    before = hold(caller, workflow_id, etag=message.etag)
    if before.state == "ARCHIVED":
        raise WorkflowArchived(workflow_id=ids.encode("wf", before.id))
    changes: dict[str, Any] = {name: getattr(message, name) for name in _PLAIN if name in paths}
    if "labels" in paths:
        changes["labels"] = dict(message.labels)
    changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
    text = versions.latest(before)
    if definition is not None and definitions.is_same(text, definition.text):
        definition = None
    if not changes and definition is None:
        return before, text
    with db.atomic() as savepoint:
        after = versions.change(before, None if definition is None else definition.text, **changes)
        if definition is not None:
            syncing.sync(after, definition)
        _publish_updated(before, after)
        if validate_only:
            savepoint.rollback()
    return after, text if definition is None else dict(definition.text)


def _publish_updated(before: WorkflowRow, after: WorkflowRow) -> None:
    old, new = convert.workflow(before), convert.workflow(after)
    changes = {name: change for name, change in events.changes(old, new).items() if name not in _ALWAYS}
    publish("updated", after, WorkflowUpdated(workflow=new, changes=changes))


def delete(caller: Call, workflow_id: UUID, *, etag: str) -> None:
    """Delete a workflow; its name is free again. Raises NotFound, Aborted."""
    before = hold(caller, workflow_id, etag=etag)
    row = versions.change(before, delete_time=clock.now())
    trigger_queries.delete(row.workspace_id, row.id)
    publish("deleted", row, WorkflowDeleted(workflow_id=ids.encode("wf", row.id), name=row.name))


def publish(what: str, row: WorkflowRow, payload: Message) -> None:
    """Tell what happened to the workflow."""
    events.publish(f"workflow.{what}", payload, subject=ids.encode("wf", row.id), workspace=row.workspace_id)


def _conditions(text: str) -> dict[str, Any] | None:
    """What `queries.page_of` takes for the filter `text`; None when it contradicts itself. Raises FilterInvalid."""
    states = set(convert.STATE_WORDS.values())
    name, others = None, set()
    for comparison in filters.parse(text, fields=("state", "name")):
        if comparison.field == "state":
            states &= _states(comparison)
        elif comparison.negated:
            others.add(comparison.value)
        elif name not in (None, comparison.value):
            return None
        else:
            name = comparison.value
    all_states = states == set(convert.STATE_WORDS.values())
    return {"states": None if all_states else states, "names": (name, others)} if states else None


def _states(comparison: Comparison) -> set[str]:
    word = convert.STATE_WORDS.get(comparison.value)
    if word is None:
        choice = ", ".join(convert.STATE_WORDS)
        raise FilterInvalid(f"There is no state {{value}}. Use {choice}.", value=comparison.value)
    return set(convert.STATE_WORDS.values()) - {word} if comparison.negated else {word}
