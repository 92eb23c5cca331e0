"""Secrets that definitions name: set, listed and deleted, but read by runners only."""

from uuid import UUID

from google.protobuf.message import Message

from server.core import clock, config, events
from server.core.call import Call
from server.core.conflicts import translated
from server.core.errors import NotFound
from server.core.paging import Page
from server.workflows import sealing
from server.workflows.conf import WorkflowsSettings
from server.workflows.errors import TooManySecrets, WorkflowSecretExists
from server.workflows.queries import secrets as queries
from server.workflows.queries.secrets import SecretRow
from server.workspaces.service import access
from userdata.workflows.v1.secret_pb2 import WorkflowSecret
from userdata.workflows.v1.workflow_events_pb2 import (
    WorkflowSecretCreated,
    WorkflowSecretDeleted,
    WorkflowSecretUpdated,
)


def create(caller: Call, message: WorkflowSecret) -> SecretRow:
    """A new secret. Raises WorkflowSecretExists, TooManySecrets."""
    workspace = access.hold(caller)
    limit = config.read(WorkflowsSettings).workflow_secrets_per_workspace
    if queries.count(workspace.id, most=limit) >= limit:
        raise TooManySecrets(limit=str(limit))
    now = clock.now()
    row = SecretRow(workspace.id, message.name, now, now)
    with translated({"workflow_secret_pkey": WorkflowSecretExists(name=row.name)}):
        queries.insert(row, sealing.seal(row.workspace_id, row.name, message.value))
    _publish("created", row.workspace_id, row.name, WorkflowSecretCreated(name=row.name))
    return row


def get(workspace_id: UUID, name: str) -> SecretRow:
    """A secret without its value. Raises NotFound."""
    found = queries.get(workspace_id, name)
    if found is None:
        raise NotFound
    return found


def page_of(workspace_id: UUID, page: Page) -> tuple[list[SecretRow], str]:
    """A page of secrets by name, and the token of the next one."""
    after = str(page.after[0]) if page.after else None
    return page.cut(queries.page_of(workspace_id, after=after, limit=page.limit), lambda row: [row.name])


def put(caller: Call, name: str, value: str) -> SecretRow:
    """The secret with another value. Raises NotFound."""
    workspace = access.hold(caller)
    row = get(workspace.id, name)._replace(update_time=clock.now())
    queries.update(row, sealing.seal(row.workspace_id, row.name, value))
    _publish("updated", row.workspace_id, row.name, WorkflowSecretUpdated(name=row.name))
    return row


def delete(caller: Call, name: str) -> None:
    """Delete a secret. Raises NotFound."""
    workspace = access.hold(caller)
    if not queries.delete(workspace.id, name):
        raise NotFound
    _publish("deleted", workspace.id, name, WorkflowSecretDeleted(name=name))


def _publish(what: str, workspace_id: UUID, name: str, payload: Message) -> None:
    events.publish(f"workflow.secret.{what}", payload, subject=name, workspace=workspace_id)
