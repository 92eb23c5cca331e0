"""Keeping the catalogue: the workspace's own event types beside the built-in ones."""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.core import clock, config, etags, filters, ids, structs
from server.core.conflicts import translated
from server.core.errors import FieldViolation, NotFound
from server.core.filters import FilterInvalid
from server.core.paging import Page
from server.events import builtin, convert, schemas
from server.events.conf import EventsSettings
from server.events.errors import EventSchemaInvalid, EventTypeExists, EventTypeReserved, TooManyEventTypes
from server.events.queries import catalogue
from server.events.queries.catalogue import EventTypeRow
from server.events.service.catalogue import forget
from userdata.events.v1.event_type_pb2 import EventType, EventTypeVersion

Json = dict[str, Any]


def create(
    workspace_id: UUID, name: str, *, description: str, schema: Json, examples: Sequence[Json], labels: dict[str, str]
) -> EventTypeRow:
    """A new event type, at version 1.

    Raises EventTypeReserved, EventSchemaInvalid, TooManyEventTypes, EventTypeExists.
    """
    _require_own(name)
    _check(schema, examples)
    limit = config.read(EventsSettings).event_types_per_workspace
    if catalogue.count(workspace_id, most=limit) >= limit:
        raise TooManyEventTypes(limit=str(limit))
    now = clock.now()
    row = EventTypeRow(
        id=ids.new(),
        workspace_id=workspace_id,
        name=name,
        description=description,
        version=1,
        labels=labels,
        revision=1,
        create_time=now,
        update_time=now,
        archive_time=None,
        schema=structs.dumps(schema),
        examples=structs.dumps(examples),
    )
    with translated({"event_type_name": EventTypeExists(type=name)}):
        catalogue.insert(row)
    return row


def get(workspace_id: UUID, name: str) -> EventType:
    """An event type, a built-in one or the workspace's own. Raises NotFound."""
    if name in builtin.TYPES:
        return convert.built_in(builtin.TYPES[name])
    row = catalogue.get(workspace_id, name)
    if row is None:
        raise NotFound
    return convert.event_type(row)


def page_of(workspace_id: UUID, page: Page, *, wanted: str, show_archived: bool) -> tuple[list[EventType], str]:
    """A page of event types by name and the token of the next one. Raises FilterInvalid."""
    after: str = page.after[0] if page.after else ""
    kinds = {_is_built_in(part) for part in filters.parse(wanted, fields={"built_in"})}
    own: list[EventType] = []
    product: list[EventType] = []
    if True not in kinds:
        rows = catalogue.page_of(workspace_id, after=after, limit=page.limit, with_archived=show_archived)
        own = [convert.event_type(row) for row in rows]
    if False not in kinds:
        product = [convert.built_in(known) for name, known in builtin.TYPES.items() if name > after]
    merged = list(heapq.merge(own, product, key=lambda event_type: event_type.name))
    return page.cut(merged[: page.limit], lambda event_type: [event_type.name])


def _is_built_in(part: filters.Comparison) -> bool:
    if part.value not in ("true", "false"):
        raise FilterInvalid("The filter compares {field} with true or false.", field=part.field)
    return (part.value == "true") is not part.negated


def update(workspace_id: UUID, name: str, changes: Mapping[str, Any], *, etag: str) -> EventTypeRow:
    """The event type with `changes` of its description, schema, examples or labels.

    Raises EventTypeReserved, NotFound, Aborted, EventSchemaInvalid.
    """
    before = _held(workspace_id, name, etag)
    schema = changes.get("schema", structs.loads(before.schema))
    examples = changes.get("examples", structs.loads(before.examples))
    _check(schema, examples)
    values = {field: changes[field] for field in ("description", "labels") if field in changes}
    values = {field: value for field, value in values.items() if value != getattr(before, field)}
    is_new = (schema, examples) != (structs.loads(before.schema), structs.loads(before.examples))
    if not (values or is_new):
        return before
    after = _change(before, **values, version=before.version + is_new)
    if is_new:
        after = after._replace(schema=structs.dumps(schema), examples=structs.dumps(examples))
        catalogue.add_version(after)
    return after


def archive(workspace_id: UUID, name: str, *, etag: str) -> EventTypeRow:
    """The event type, which takes no more events. Raises EventTypeReserved, NotFound, Aborted."""
    before = _held(workspace_id, name, etag)
    return before if before.archive_time is not None else _change(before, archive_time=clock.now())


def unarchive(workspace_id: UUID, name: str, *, etag: str) -> EventTypeRow:
    """The event type, which takes events again. Raises EventTypeReserved, NotFound, Aborted."""
    before = _held(workspace_id, name, etag)
    return before if before.archive_time is None else _change(before, archive_time=None)


def versions_of(workspace_id: UUID, name: str, page: Page) -> tuple[list[EventTypeVersion], str]:
    """A page of the versions of an event type, the newest first. Raises NotFound."""
    known = builtin.TYPES.get(name)
    if known is not None:
        return [convert.built_in_version(known)], ""
    row = catalogue.get(workspace_id, name)
    if row is None:
        raise NotFound
    below = int(page.after[0]) if page.after else row.version + 1
    rows = catalogue.versions_of(workspace_id, row.id, below=below, limit=page.limit)
    kept, token = page.cut(rows, lambda version: [version.version])
    return [convert.version(version) for version in kept], token


def _held(workspace_id: UUID, name: str, etag: str) -> EventTypeRow:
    _require_own(name)
    row = catalogue.lock(workspace_id, name)
    if row is None:
        raise NotFound
    etags.require(etag, row.id, row.revision)
    return row


def _change(before: EventTypeRow, **changes: Any) -> EventTypeRow:
    changes = {**changes, "revision": before.revision + 1, "update_time": clock.now()}
    catalogue.update(before.workspace_id, before.id, changes)
    forget(before.workspace_id, before.name)
    return before._replace(**changes)


def _require_own(name: str) -> None:
    if builtin.is_reserved(name):
        raise EventTypeReserved(type=name)


def _check(schema: Json, examples: Sequence[Json]) -> None:
    violations: list[FieldViolation] = schemas.faults(schema, at="event_type.schema")
    if not violations:
        validator = schemas.Validator(schema)
        for index, example in enumerate(examples):
            violations += validator.violations(example, at=f"event_type.examples[{index}]")
    if violations:
        raise EventSchemaInvalid(violations=violations)
