"""Recording in small batches: attempts that end within a few milliseconds are one transaction."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

import peewee
import structlog

from server.core import tenancy
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.webhooks.service import disabling, recording
from server.webhooks.service.recording import Recorded, Result

_LARGEST: Final = 500
#: Of answers' bodies in a batch, in bytes: on their way to the database they are copied many times.
_MOST_DATA: Final = 512 * 1024
_GATHER_S: Final = 0.008
_AGAIN_S: Final = 0.25
_TIMES: Final = 5
_log = structlog.get_logger("deliverer")


class Recorder:
    """Writes results by a thread of `executor`; `recorded` is called with each batch that needs no more care."""

    def __init__(self, executor: Executor, recorded: Callable[[Sequence[Result]], None]) -> None:
        self._executor, self._recorded = executor, recorded
        self._results: list[Result] = []
        self._arrived = asyncio.Event()
        self._closing = False

    def add(self, result: Result) -> None:
        """Have a result recorded."""
        self._results.append(result)
        self._arrived.set()

    def close(self) -> None:
        """Have `run` end once everything is recorded."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Record until closed."""
        loop = asyncio.get_running_loop()
        while self._results or not self._closing:
            await self._arrived.wait()
            if len(self._results) < _LARGEST and not self._closing:
                await asyncio.sleep(_GATHER_S)
            count = _fitting(self._results)
            batch, self._results = self._results[:count], self._results[count:]
            if not self._results:
                self._arrived.clear()
            if batch:
                await loop.run_in_executor(self._executor, record, batch)
                self._recorded(batch)


def _fitting(results: Sequence[Result]) -> int:
    """How many of the first results make a batch."""
    data = 0
    for count, result in enumerate(results[:_LARGEST], 1):
        data += len(result.outcome.response_body)
        if data >= _MOST_DATA:
            return count
    return min(len(results), _LARGEST)


def record(batch: Sequence[Result]) -> None:
    """Write a batch, however long the database is away: what was sent has to be known."""
    began = time.monotonic()
    crossed = 0
    while True:
        try:
            _tell(_write(batch))
        except Unavailable:
            if time.monotonic() - began < _AGAIN_S:
                _log.warning("away; attempts wait to be recorded", part="database", count=len(batch))
            time.sleep(_AGAIN_S)
            continue
        except peewee.OperationalError as error:
            # A deadlock or a statement that took too long: nothing was written, and the next time may go well.
            crossed += 1
            if crossed < _TIMES:
                continue
            _split(batch, error)
        except Exception as error:  # noqa: BLE001 - one result that cannot be written must not keep back the others
            _split(batch, error)
        return


def _split(batch: Sequence[Result], error: Exception) -> None:
    """Record the halves of a batch that cannot be written, until the one is found that is at fault."""
    if len(batch) > 1:
        half = len(batch) // 2
        record(batch[:half])
        record(batch[half:])
    else:
        # Its delivery is sent again once the lease is over.
        _log.error("an attempt cannot be recorded", exc_info=error)


def _write(batch: Sequence[Result]) -> Recorded:
    with tenancy.transaction():
        recorded = recording.record(batch)
    for given_up in recorded.given_up:
        with tenancy.transaction():
            disabling.disable(given_up.workspace_id, given_up.endpoint_id, given_up.reason)
    return recorded


def _tell(recorded: Recorded) -> None:
    outcomes = Counter(result.outcome.error or recording.SUCCEEDED for result, _ in recorded.accepted)
    for outcome, count in outcomes.items():
        metrics.WEBHOOK_ATTEMPTS.labels(outcome).inc(count)
    finished = Counter(verdict.state for _, verdict in recorded.accepted if verdict.state != recording.RETRYING)
    for state, count in finished.items():
        metrics.WEBHOOK_DELIVERIES.labels(state).inc(count)
    for result, _ in recorded.accepted:
        metrics.WEBHOOK_ATTEMPT_SECONDS.observe(result.outcome.total_ms / 1000)
        if result.delivery.attempts == 0 and result.delivery.trigger == "AUTOMATIC":
            waited = result.outcome.start - result.delivery.event_time
            metrics.WEBHOOK_LAG_SECONDS.observe(max(waited.total_seconds(), 0.0))
    if recorded.late:
        _log.warning("attempts came too late to be recorded: their leases were over", count=recorded.late)
