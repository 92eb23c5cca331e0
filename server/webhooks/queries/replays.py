"""Queries on `webhook_replay`."""

from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import peewee

from server.webhooks.models import Replay


class Selection(NamedTuple):
    """Which deliveries a replay is about: of events from `start_time` on and before `end_time`.

    `event_types` are patterns, none for all; `states` are FAILED, CANCELLED, SUCCEEDED and MISSING.
    """

    start_time: datetime
    end_time: datetime
    event_types: tuple[str, ...]
    states: tuple[str, ...]

    @property
    def finished_states(self) -> list[str]:
        """The states of deliveries that are reopened."""
        return [state for state in self.states if state != "MISSING"]

    @property
    def with_missing(self) -> bool:
        """Whether deliveries are made that never were."""
        return "MISSING" in self.states

    def document(self) -> dict[str, Any]:
        """The selection as its row keeps it."""
        times = {"start_time": self.start_time.isoformat(), "end_time": self.end_time.isoformat()}
        return {**times, "event_types": list(self.event_types), "states": list(self.states)}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        """The selection that a row keeps."""
        start, end = (datetime.fromisoformat(document[name]) for name in ("start_time", "end_time"))
        return cls(start, end, tuple(document["event_types"]), tuple(document["states"]))


class ReplayRow(NamedTuple):
    """A row of `webhook_replay`."""

    id: UUID
    workspace_id: UUID
    endpoint_id: UUID | None
    selection: Selection
    configuration: str
    rate_limit: int | None
    state: str
    through: UUID | None
    total: int
    total_is_least: bool
    replayed: int
    create_time: datetime
    update_time: datetime


def _select(workspace_id: UUID) -> Any:
    columns = (getattr(Replay, name) for name in ReplayRow._fields)
    return Replay.select(*columns).where(Replay.workspace == workspace_id)


def _rows(query: Any) -> list[ReplayRow]:
    rows = [ReplayRow._make(row) for row in query.tuples()]
    return [row._replace(selection=Selection.of(row.selection)) for row in rows]  # type: ignore[arg-type] # as JSON


def get(workspace_id: UUID, replay_id: UUID, *, locked: bool = False) -> ReplayRow | None:
    """A replay; with `locked`, held until the transaction ends."""
    query = _select(workspace_id).where(Replay.id == replay_id)
    return next(iter(_rows(query.for_update("FOR NO KEY UPDATE") if locked else query)), None)


def page_of(workspace_id: UUID, *, after: UUID | None, limit: int) -> list[ReplayRow]:
    """A page of replays by id, the newest first."""
    query = _select(workspace_id)
    if after is not None:
        query = query.where(Replay.id < after)
    return _rows(query.order_by(Replay.id.desc()).limit(limit))


def count_running(workspace_id: UUID, *, most: int) -> int:
    """How many replays of the workspace run, counted up to `most`."""
    # A partial index is found by the word, not by a parameter.
    is_running = peewee.SQL("state = 'RUNNING'")
    query: Any = Replay.select(Replay.id).where((Replay.workspace == workspace_id) & is_running)
    return int(query.limit(most).count())


def insert(row: ReplayRow) -> None:
    """Insert a replay."""
    Replay.insert(**row._asdict() | {"selection": row.selection.document()}).execute()


def update(workspace_id: UUID, replay_id: UUID, **changes: Any) -> None:
    """Set columns of a replay."""
    Replay.update(**changes).where((Replay.workspace == workspace_id) & (Replay.id == replay_id)).execute()
