"""Waits for events, by type. For the drain, which reads of every workspace."""

from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from server.core import arrays
from server.core.db import Statement, db


class EventWait(NamedTuple):
    """A wait for an event of type `name` that nothing came for yet; `variables` is JSON."""

    execution_id: UUID
    path: str
    workspace_id: UUID
    name: str
    match: str
    variables: str


# OFFSET 0 has each type looked up by the index.
_FOR_EVENTS: Final = Statement("""
    SELECT found.* FROM unnest(%s::uuid[], %s::text[]) AS key (workspace_id, name) CROSS JOIN LATERAL (
        SELECT execution_id, path, workspace_id, name, match, variables::text FROM workflow_wait
        WHERE workspace_id = key.workspace_id AND name = key.name AND kind = 'EVENT' AND resolution IS NULL
        OFFSET 0
    ) found
""")


def for_events(types: Iterable[tuple[UUID, str]]) -> list[EventWait]:
    """What waits for events of these types, each with its workspace."""
    workspaces, names = zip(*types, strict=True)
    values = (arrays.uuids(workspaces), arrays.texts(names))
    return [EventWait._make(row) for row in db.execute_sql(_FOR_EVENTS, values).fetchall()]
