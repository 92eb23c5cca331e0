"""The catalogue's tables: the event types of workspaces and their schemas. Each function runs one statement."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from server.core import structs
from server.core.db import Statement, db
from server.events.models import EventType, EventTypeVersion


class EventTypeRow(NamedTuple):
    """An event type with its newest schema; `schema` and `examples` are JSON texts."""

    id: UUID
    workspace_id: UUID
    name: str
    description: str
    version: int
    labels: dict[str, str]
    revision: int
    create_time: datetime
    update_time: datetime
    archive_time: datetime | None
    schema: str
    examples: str


class VersionRow(NamedTuple):
    """One schema of an event type; `schema` and `examples` are JSON texts."""

    version: int
    schema: str
    examples: str
    create_time: datetime


_SELECT: Final = """
    SELECT event_type.id, event_type.workspace_id, name, description, event_type.version, labels, revision,
        event_type.create_time, update_time, archive_time, schema::text, examples::text
    FROM event_type JOIN event_type_version ON event_type_id = event_type.id
        AND event_type_version.version = event_type.version
    WHERE event_type.workspace_id = %s
"""
_GET: Final = Statement(f"{_SELECT} AND name = %s")
_LOCK: Final = Statement("SELECT FROM event_type WHERE workspace_id = %s AND name = %s FOR UPDATE")
_PAGE: Final = Statement(f"{_SELECT} AND name > %s AND (%s OR archive_time IS NULL) ORDER BY name LIMIT %s")
_PUBLISHABLE: Final = Statement("""
    SELECT name, archive_time IS NOT NULL, schema::text FROM event_type JOIN event_type_version
        ON event_type_id = event_type.id AND event_type_version.version = event_type.version
    WHERE event_type.workspace_id = %s AND name = ANY (%s)
""")
_VERSIONS: Final = Statement("""
    SELECT version, schema::text, examples::text, create_time FROM event_type_version
    WHERE workspace_id = %s AND event_type_id = %s AND version < %s ORDER BY version DESC LIMIT %s
""")
_UNDER: Final = Statement("""
    SELECT name FROM event_type WHERE workspace_id = %s AND name >= %s AND name < %s ORDER BY name
""")


def get(workspace_id: UUID, name: str) -> EventTypeRow | None:
    """An event type of the workspace's own."""
    row = db.execute_sql(_GET, (workspace_id, name)).fetchone()
    return EventTypeRow._make(row) if row else None


def lock(workspace_id: UUID, name: str) -> EventTypeRow | None:
    """An event type of the workspace's own, held until the transaction ends."""
    # A version that was committed while this waited is only seen by the next statement.
    db.execute_sql(_LOCK, (workspace_id, name))
    return get(workspace_id, name)


def page_of(workspace_id: UUID, *, after: str, limit: int, with_archived: bool) -> list[EventTypeRow]:
    """A page of the workspace's own event types by name."""
    rows = db.execute_sql(_PAGE, (workspace_id, after, with_archived, limit)).fetchall()
    return [EventTypeRow._make(row) for row in rows]


def publishable(workspace_id: UUID, names: Collection[str]) -> dict[str, tuple[bool, str]]:
    """Of these event types, those that there are: whether each is archived, and its schema as JSON."""
    rows = db.execute_sql(_PUBLISHABLE, (workspace_id, list(names))).fetchall()
    return {name: (is_archived, schema) for name, is_archived, schema in rows}


def names_under(workspace_id: UUID, prefix: str) -> list[str]:
    """The names that begin with `prefix`, which ends with a dot."""
    return [name for (name,) in db.execute_sql(_UNDER, (workspace_id, prefix, prefix[:-1] + "/")).fetchall()]


def versions_of(workspace_id: UUID, event_type_id: UUID, *, below: int, limit: int) -> list[VersionRow]:
    """A page of the versions of an event type, the newest first."""
    rows = db.execute_sql(_VERSIONS, (workspace_id, event_type_id, below, limit)).fetchall()
    return [VersionRow._make(row) for row in rows]


def count(workspace_id: UUID, *, most: int) -> int:
    """How many event types the workspace has, counted up to `most`."""
    return int(EventType.select(EventType.id).where(EventType.workspace == workspace_id).limit(most).count())


def insert(row: EventTypeRow) -> None:
    """Insert an event type and its first version."""
    values = row._asdict()
    del values["schema"], values["examples"]
    EventType.insert(workspace=values.pop("workspace_id"), **values).execute()
    add_version(row)


def add_version(row: EventTypeRow) -> None:
    """Insert the newest version of an event type, made at its last change."""
    EventTypeVersion.insert(
        event_type=row.id,
        version=row.version,
        workspace=row.workspace_id,
        schema=structs.loads(row.schema),
        examples=structs.loads(row.examples),
        create_time=row.update_time,
    ).execute()


def update(workspace_id: UUID, event_type_id: UUID, values: Mapping[str, Any]) -> None:
    """Set columns of an event type."""
    is_it = (EventType.workspace == workspace_id) & (EventType.id == event_type_id)
    EventType.update(**values).where(is_it).execute()
