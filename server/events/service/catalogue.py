"""What publishing asks of the catalogue, remembered for a second so that it costs no round trip.

Nothing is refused from memory: a type that is missing, archived or does not take the data is read again first. So a
new type can be used at once, and only what was taken a moment ago can be taken a moment too long.
"""

import threading
import time
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from server.core.errors import DomainError, FieldViolation
from server.events import builtin, schemas
from server.events.errors import EventDataInvalid, EventTypeArchived, EventTypeReserved, EventTypeUnknown
from server.events.queries import catalogue

_KEEP_SECONDS: Final = 1.0
_MOST: Final = 5000
_ANYTHING: Final = "{}"

#: The schemas of types that take events, as JSON, each with the moment until which it may be believed.
_known: dict[tuple[UUID, str], tuple[float, str]] = {}
_lock = threading.Lock()


class Types:
    """The event types of one call's events."""

    def __init__(self, workspace_id: UUID, names: Collection[str]) -> None:
        self._workspace_id = workspace_id
        self._fresh = False
        self._archived: set[str] = set()
        now = time.monotonic()
        held = {name: _known.get((workspace_id, name)) for name in names}
        self._taking = {name: entry[1] for name, entry in held.items() if entry is not None and entry[0] > now}
        self._names = names
        if len(self._taking) < len(held):
            self._read()

    def refusal(self, name: str, data: Mapping[str, Any], *, at: str) -> DomainError | None:
        """Why an event of type `name` with `data` cannot be published; None when it can. Fields begin with `at`."""
        refusal = self._refusal(name, data, at)
        if refusal is not None and not self._fresh:
            self._read()
            refusal = self._refusal(name, data, at)
        return refusal

    def missing(self, name: str, *, at: str) -> DomainError | None:
        """Why no event of type `name` can be published, whatever its data; None when some can."""
        if name not in self._taking and not self._fresh:
            self._read()
        return None if name in self._taking else self._refusal(name, {}, at)

    def _refusal(self, name: str, data: Mapping[str, Any], at: str) -> DomainError | None:
        if name in self._taking:
            schema = self._taking[name]
            if schema == _ANYTHING or schemas.compiled(schema).takes(data):
                return None
            return EventDataInvalid(type=name, violations=schemas.compiled(schema).violations(data, at=f"{at}.data"))
        kind: type[DomainError] = EventTypeUnknown
        if builtin.is_reserved(name):
            kind = EventTypeReserved
        elif name in self._archived:
            kind = EventTypeArchived
        return _of_type(kind, name, at)

    def _read(self) -> None:
        wanted = [name for name in self._names if not builtin.is_reserved(name)]
        rows = catalogue.publishable(self._workspace_id, wanted) if wanted else {}
        self._fresh = True
        self._archived = {name for name, (is_archived, _) in rows.items() if is_archived}
        self._taking = {name: schema for name, (is_archived, schema) in rows.items() if not is_archived}
        _remember(self._workspace_id, self._taking)


def forget(workspace_id: UUID, name: str) -> None:
    """Have the next event of this type look at the catalogue. For the process that changes it."""
    with _lock:
        _known.pop((workspace_id, name), None)


def _remember(workspace_id: UUID, taking: Mapping[str, str]) -> None:
    until = time.monotonic() + _KEEP_SECONDS
    with _lock:
        if len(_known) + len(taking) > _MOST:
            _known.clear()
        _known.update({(workspace_id, name): (until, schema) for name, schema in taking.items()})


def _of_type(kind: type[DomainError], name: str, at: str) -> DomainError:
    refusal = kind(type=name)
    refusal.violations = (FieldViolation(f"{at}.type", refusal.message),)
    return refusal
