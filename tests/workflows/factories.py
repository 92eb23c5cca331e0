"""Rows of workflows for tests, made by the room's own models."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

from server.core import clock, events, tenancy
from server.core.call import Call, serving
from server.core.events import Draft
from server.core.principal import Kind, Principal
from server.workflows.models import Version, Workflow
from server.workflows.queries import workflows as queries
from server.workflows.service import known, syncing
from server.workspaces.models import Workspace

_numbers = count(1)
#: A definition that does nothing.
NOTHING = {"steps": [{"id": "done", "type": "transform", "with": {"output": 1}}]}


def make_workflow(workspace: Workspace, definition: Mapping[str, Any] = NOTHING, **values: Any) -> Workflow:
    """An active workflow with its first version."""
    tenancy.enter(workspace.id)
    name = values.pop("name", None) or f"workflow-{next(_numbers)}"
    defaults: dict[str, Any] = {
        "name": name,
        "display_name": name,
        "description": "",
        "state": "ACTIVE",
        "version": 1,
        "labels": {},
        "revision": 1,
        "update_time": clock.now(),
    }
    workflow = Workflow.create(workspace=workspace.id, **(defaults | values))
    Version.create(
        workflow=workflow.id,
        number=workflow.version,
        workspace=workspace.id,
        definition=dict(definition),
        creator="system",
    )
    return workflow


def arm(workflow: Workflow) -> None:
    """Let the triggers be those of the workflow's latest version, as a save does."""
    row = queries.get(workflow.workspace, workflow.id)
    assert row is not None
    syncing.sync(row, known.definition(row.workspace_id, row.id, row.version))


def publish(workspace: Workspace, kind: str, data: Any = None, *, subject: str = "ord_1", actor: str = "") -> UUID:
    """Publish an event, as `actor` if there is one; gives its id."""
    tenancy.enter(workspace.id)
    draft = Draft(kind, subject, json.dumps({"total": 12} if data is None else data))
    with serving(Call(principal=Principal(Kind.WORKSPACE_KEY, actor) if actor else None)):
        return events.publish_many([draft], workspace=workspace.id)[0].id
