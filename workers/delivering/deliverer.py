"""The deliverer: one asyncio loop that sends, and threads beside it that drain, claim and record.

While a request is under way nothing is held in the database but a lease. What is in flight is bounded, and so is what
waits to be recorded: a database that is away or a receiver that hangs costs no more memory than that.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from server.core import clock, tenancy
from server.core.db import db
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.webhooks.conf import WebhooksSettings
from server.webhooks.queries import lanes
from server.webhooks.queries.interrupted import INTERRUPTED
from server.webhooks.sending.types import ErrorKind, Outcome, Outgoing, Target
from server.webhooks.service import claiming, recording
from server.webhooks.service.claiming import Caps, Claimed, InFlight
from server.webhooks.service.recording import Result
from server.webhooks.service.targets import Stock
from workers.delivering import spans
from workers.delivering.recorder import Recorder
from workers.delivering.spans import Sends
from workers.stopping import Stop

_POLL_S: Final = 1.0
_AWAY_S: Final = 0.5
#: Claims are this far apart while there is work: what becomes due, and what room there is, comes together.
_GATHER_S: Final = 0.02
#: Claims that bring as much as this follow each other at once.
_MUCH: Final = 200
#: What is in flight when told to stop gets this long.
_GRACE_S: Final = 1.5
#: Event data in flight, in characters; above it nothing is claimed.
_MOST_DATA: Final = 64 * 1024 * 1024
_log = structlog.get_logger("deliverer")


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a claim brought; without anything, when the next is due."""

    claimed: list[Claimed]
    parts: dict[Claimed, tuple[Target, Outgoing]]
    pause: float


class Deliverer:
    """Delivers until told to stop."""

    def __init__(self, sender: Sends, settings: WebhooksSettings, stop: Stop) -> None:
        self._sender, self._stop = sender, stop
        self._caps = Caps(
            endpoint=settings.webhook_endpoint_concurrency,
            workspace=settings.webhook_workspace_concurrency,
            total=settings.webhook_concurrency,
        )
        self._margin = timedelta(seconds=settings.webhook_lease_seconds)
        self._flying = InFlight()
        self._unrecorded = 0
        self._data = 0
        self._tasks: dict[asyncio.Task[None], Claimed] = {}
        self._stock = Stock()
        self._claims = ThreadPoolExecutor(1, "claims")
        self._records = ThreadPoolExecutor(1, "records")
        self._recorder = Recorder(self._records, self._recorded)
        self._woken = asyncio.Event()
        self._away = False

    def wake(self) -> None:
        """Look for what is due, now. Of the loop's thread."""
        self._woken.set()

    async def run(self) -> None:
        """Claim and send until told to stop; then record what is left."""
        recording_task = asyncio.create_task(self._recorder.run())
        try:
            while not self._stop.is_set():
                await self._turn()
        finally:
            await self._land()
            self._recorder.close()
            await recording_task
            for executor in (self._claims, self._records):
                await asyncio.get_running_loop().run_in_executor(executor, _close)
                executor.shutdown()

    async def _turn(self) -> None:
        """Claim as much as there is room for and start sending it, or wait."""
        self._woken.clear()
        total = self._caps.total
        room = min(total - self._flying.total, 2 * total - self._flying.total - self._unrecorded)
        if room <= 0 or self._data > _MOST_DATA:
            await self._woken.wait()
            return
        began = time.monotonic()
        try:
            # What is in flight goes on changing while the claim looks at a copy of it.
            flying = self._flying.copy()
            batch = await asyncio.get_running_loop().run_in_executor(self._claims, self._claim, room, flying)
        except Unavailable:
            self._tell_away()
            await self._wait(_AWAY_S)
            return
        except Exception as error:  # noqa: BLE001 - what is in flight goes on, and the next claim may go well
            _log.exception("claiming failed; deliveries wait", exc_info=error)
            await self._wait(_POLL_S)
            return
        self._away = False
        for delivery in batch.claimed:
            self._start(delivery, batch.parts.get(delivery))
        if not batch.claimed:
            await self._wait(batch.pause)
        elif len(batch.claimed) < _MUCH:
            await asyncio.sleep(max(began + _GATHER_S - time.monotonic(), 0))

    def _claim(self, room: int, flying: InFlight) -> _Batch:
        with tenancy.transaction():
            claimed = claiming.claim(room, flying=flying, caps=self._caps, margin=self._margin)
        # The lanes are let go before the events are read: the drain wants them too.
        with tenancy.reading():
            if claimed:
                return _Batch(claimed, self._stock.parts(claimed), 0.0)
            endpoints, workspaces = flying.full(self._caps)
            due = lanes.next_time(without=endpoints, without_workspaces=workspaces)
        pause = _POLL_S if due is None else (due - clock.now()).total_seconds()
        return _Batch([], {}, min(max(pause, _GATHER_S), _POLL_S))

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    def _start(self, delivery: Claimed, parts: tuple[Target, Outgoing] | None) -> None:
        self._flying.add(delivery)
        if parts is None:
            self._ended(delivery, _outcome(recording.EXPIRED))
            return
        self._data += len(parts[1].data)
        task = asyncio.create_task(self._deliver(delivery, *parts))
        self._tasks[task] = delivery
        task.add_done_callback(self._tasks.pop)

    async def _deliver(self, delivery: Claimed, target: Target, event: Outgoing) -> None:
        start = clock.now()
        try:
            outcome = await spans.send(self._sender, target, event)
        except asyncio.CancelledError:
            outcome = _outcome(INTERRUPTED)
            outcome = replace(outcome, start=start, total_ms=(outcome.start - start).total_seconds() * 1000)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an outcome too: others go on
            _log.exception("sending failed", exc_info=error)
            outcome = _outcome(ErrorKind.INTERNAL)
        self._data -= len(event.data)
        self._ended(delivery, outcome)

    def _ended(self, delivery: Claimed, outcome: Outcome) -> None:
        self._flying.remove(delivery)
        self._unrecorded += 1
        self._recorder.add(Result(delivery, outcome))
        # There is room again, of one endpoint or of all.
        self._woken.set()

    def _recorded(self, results: Sequence[Result]) -> None:
        self._unrecorded -= len(results)
        metrics.WEBHOOKS_IN_FLIGHT.set(self._flying.total)
        self._woken.set()

    async def _land(self) -> None:
        """Let what is in flight end; what takes too long is told of as interrupted, and due again at once."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=_GRACE_S)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    def _tell_away(self) -> None:
        if not self._away:
            _log.warning("away; deliveries wait in the database", part="database")
        self._away = True


def _outcome(error: str) -> Outcome:
    """An attempt without a request."""
    return Outcome(
        start=clock.now(),
        dns_ms=None,
        connect_ms=None,
        tls_ms=None,
        first_byte_ms=None,
        total_ms=0.0,
        status=None,
        error=error,
        response_headers={},
        response_body=b"",
        address="",
        retry_after=None,
        detail=recording.DETAILS[error],
    )


def _close() -> None:
    if not db.is_closed():
        db.close()
