"""Secrets, without their values."""

from server.core import ids
from server.workflows.queries.secrets import SecretRow
from userdata.workflows.v1.secret_pb2 import WorkflowSecret


def secret(row: SecretRow) -> WorkflowSecret:
    """A secret as the contract shows it."""
    return WorkflowSecret(
        workspace_id=ids.encode("ws", row.workspace_id),
        name=row.name,
        create_time=row.create_time,
        update_time=row.update_time,
    )
