"""What a claimed delivery is made of: its event and its endpoint as sending wants them, each read once for many."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from server.core import clock
from server.core.db import db
from server.webhooks import sealing
from server.webhooks.queries import outgoing as queries
from server.webhooks.queries.outgoing import TargetRow
from server.webhooks.sending.types import Outgoing, Target
from server.webhooks.service.claiming import PLANS, Claimed

#: How much of events is kept for deliveries to come, in bytes, and about what one takes beside its data.
_EVENTS: Final = 8 * 1024 * 1024
_EVENT: Final = 1024
_TARGETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Kept:
    target: Target
    until: datetime | None


class Stock:
    """Events and targets that deliveries of this process lately needed. Of one thread."""

    def __init__(self, *, events: int = _EVENTS, targets: int = _TARGETS) -> None:
        self._most_events, self._most_targets = events, targets
        self._events: dict[UUID, Outgoing] = {}
        self._size = 0
        self._targets: dict[tuple[UUID, int], _Kept] = {}

    def parts(self, claimed: Iterable[Claimed]) -> dict[Claimed, tuple[Target, Outgoing]]:
        """Target and event of each delivery; without those whose event retention dropped."""
        claimed = list(claimed)
        events = self._events_of(claimed)
        targets = self._targets_of(claimed)
        return {
            delivery: (targets[delivery.endpoint_id, delivery.revision], events[delivery.event_id])
            for delivery in claimed
            if delivery.event_id in events and (delivery.endpoint_id, delivery.revision) in targets
        }

    def _events_of(self, claimed: list[Claimed]) -> dict[UUID, Outgoing]:
        wanted = {delivery.event_id: delivery.event_time for delivery in claimed}
        found = {event_id: self._events[event_id] for event_id in wanted if event_id in self._events}
        missing = [(time, event_id) for event_id, time in wanted.items() if event_id not in found]
        if missing:
            db.scope.prefix += PLANS
            for event in queries.events(missing):
                found[event.event_id] = self._events[event.event_id] = event
                self._size += _size(event)
        while self._size > self._most_events:
            self._size -= _size(self._events.pop(next(iter(self._events))))
        return found

    def _targets_of(self, claimed: list[Claimed]) -> dict[tuple[UUID, int], Target]:
        now = clock.now()
        wanted = {(delivery.endpoint_id, delivery.revision): delivery.is_current for delivery in claimed}
        missing = {key: current for key, current in wanted.items() if not self._is_kept(key, now)}
        if missing:
            db.scope.prefix += PLANS
            self._load(missing, now)
        return {key: self._targets[key].target for key in wanted if key in self._targets}

    def _is_kept(self, key: tuple[UUID, int], now: datetime) -> bool:
        kept = self._targets.get(key)
        return kept is not None and (kept.until is None or kept.until > now)

    def _load(self, missing: dict[tuple[UUID, int], bool], now: datetime) -> None:
        current = {endpoint for (endpoint, _), is_current in missing.items() if is_current}
        former = [key for key, is_current in missing.items() if not is_current]
        rows = (queries.targets(current) if current else []) + (queries.versions(former) if former else [])
        secrets: dict[UUID, list[tuple[bytes, datetime | None]]] = {}
        for endpoint_id, secret, expire_time in queries.secrets({row.endpoint_id for row in rows}, now=now):
            secrets.setdefault(endpoint_id, []).append((sealing.open_secret(endpoint_id, secret), expire_time))
        while len(self._targets) > self._most_targets:
            del self._targets[next(iter(self._targets))]
        for row in rows:
            keys = secrets.get(row.endpoint_id, [])
            until = min((time for _, time in keys if time is not None), default=None)
            self._targets[row.endpoint_id, row.revision] = _Kept(_target(row, [key for key, _ in keys]), until)
        # An endpoint that was changed after the claim is sent to as it is now.
        for endpoint_id, revision in missing:
            newest = next((row for row in rows if row.endpoint_id == endpoint_id), None)
            if newest is not None and (endpoint_id, revision) not in self._targets:
                self._targets[endpoint_id, revision] = self._targets[endpoint_id, newest.revision]


def _size(event: Outgoing) -> int:
    return _EVENT + len(event.data)


def _target(row: TargetRow, secrets: list[bytes]) -> Target:
    return Target(
        endpoint_id=row.endpoint_id,
        workspace_id=row.workspace_id,
        url=row.url,
        headers=sealing.open_headers(row.endpoint_id, row.headers),
        signature=row.signature,
        secrets=tuple(secrets),
        timeout=float(row.timeout_seconds),
        format=row.format,
        transformation=row.transformation,
        auth=sealing.open_auth(row.endpoint_id, row.auth_kind, row.auth),
    )
