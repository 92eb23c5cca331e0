"""Recording in batches: what executions come to while a transaction is under way is the next one."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

import peewee
import structlog

from server.core import tenancy
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.workflows.service import recording
from server.workflows.service.recording import Entry, Written

_LARGEST: Final = 400
#: With so many executions under way a few milliseconds bring more of them into one transaction.
_MANY: Final = 24
_GATHER_S: Final = 0.004
_AGAIN_S: Final = 0.25
_TIMES: Final = 5
_log = structlog.get_logger("runner")


class Recorder:
    """Writes entries by a thread of `executor`; `written` is called with what came of each batch."""

    def __init__(self, executor: Executor, written: Callable[[Sequence[Written]], None]) -> None:
        self._executor, self._written = executor, written
        self._entries: list[Entry] = []
        self._arrived = asyncio.Event()
        self._closing = False
        #: How many executions are under way.
        self.active = 0

    def add(self, entry: Entry) -> None:
        """Have an entry written; those of one execution are written in their order."""
        self._entries.append(entry)
        self._arrived.set()

    def close(self) -> None:
        """Have `run` end once everything is written."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Write until closed."""
        loop = asyncio.get_running_loop()
        while self._entries or not self._closing:
            await self._arrived.wait()
            if self.active > _MANY and len(self._entries) < _LARGEST and not self._closing:
                await asyncio.sleep(_GATHER_S)
            batch, self._entries = self._entries[:_LARGEST], self._entries[_LARGEST:]
            if not self._entries:
                self._arrived.clear()
            if batch:
                self._written(await loop.run_in_executor(self._executor, record, batch))


def record(batch: Sequence[Entry]) -> list[Written]:
    """Write a batch, however long the database is away: what was done has to be known."""
    began = time.monotonic()
    crossed = 0
    while True:
        try:
            written = _write(batch)
        except Unavailable:
            if time.monotonic() - began < _AGAIN_S:
                _log.warning("away; what executions came to waits to be recorded", part="database", count=len(batch))
            time.sleep(_AGAIN_S)
        except peewee.OperationalError as error:
            # A deadlock or a statement that took too long: nothing was written, and the next time may go well.
            crossed += 1
            if crossed >= _TIMES:
                return _split(batch, error)
        except Exception as error:  # noqa: BLE001 - one entry that cannot be written must not keep back the others
            return _split(batch, error)
        else:
            _tell(written)
            return written


def _split(batch: Sequence[Entry], error: Exception) -> list[Written]:
    """Write the halves of a batch that cannot be written, until the one is found that is at fault; it ends there."""
    if len(batch) > 1:
        half = len(batch) // 2
        return record(batch[:half]) + record(batch[half:])
    _log.error("what an execution came to cannot be recorded; it fails", exc_info=error)
    entry = batch[0]
    broken = recording.broken(entry.execution, error)
    if entry.ending == broken.ending:
        return [Written(entry, lost=True)]
    return record([broken])


def _write(batch: Sequence[Entry]) -> list[Written]:
    with tenancy.transaction():
        return recording.record(batch)


def _tell(written: Sequence[Written]) -> None:
    for one in written:
        if one.lost:
            continue
        metrics.WORKFLOW_RECORDS.inc(len(one.notes))
        if one.entry.ending is not None:
            metrics.WORKFLOW_EXECUTIONS.labels(one.entry.ending.state).inc()
