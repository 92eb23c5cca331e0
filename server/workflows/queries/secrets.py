"""Queries on `workflow_secret`. Reading leaves the value out; `loading` reads it, for runners."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.workflows.models import Secret


class SecretRow(NamedTuple):
    """A row of `workflow_secret` without its value."""

    workspace_id: UUID
    name: str
    create_time: datetime
    update_time: datetime


_COLUMNS: Final = [Secret.workspace, Secret.name, Secret.create_time, Secret.update_time]


def get(workspace_id: UUID, name: str) -> SecretRow | None:
    """A secret."""
    rows: Any = Secret.select(*_COLUMNS).where((Secret.workspace == workspace_id) & (Secret.name == name)).tuples()
    return next((SecretRow._make(row) for row in rows), None)


def page_of(workspace_id: UUID, *, after: str | None, limit: int) -> list[SecretRow]:
    """A page of secrets by name."""
    where = Secret.workspace == workspace_id
    if after is not None:
        where &= Secret.name > after
    rows: Any = Secret.select(*_COLUMNS).where(where).order_by(Secret.name).limit(limit).tuples()
    return [SecretRow._make(row) for row in rows]


def count(workspace_id: UUID, *, most: int) -> int:
    """How many secrets the workspace has, counted up to `most`."""
    return int(Secret.select(Secret.name).where(Secret.workspace == workspace_id).limit(most).count())


def insert(row: SecretRow, value: bytes) -> None:
    """Insert a secret with its sealed value."""
    Secret.insert(**row._asdict(), value=value).execute()


def update(row: SecretRow, value: bytes) -> None:
    """Set the sealed value of a secret, and when it was set."""
    where = (Secret.workspace == row.workspace_id) & (Secret.name == row.name)
    Secret.update(value=value, update_time=row.update_time).where(where).execute()


def delete(workspace_id: UUID, name: str) -> bool:
    """Delete a secret; False when there is none."""
    return bool(Secret.delete().where((Secret.workspace == workspace_id) & (Secret.name == name)).execute())
