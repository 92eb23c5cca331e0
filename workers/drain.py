"""The drain: committed events get their place in the feed and become what listeners make of them, in one transaction.

Any number of drains may run: who holds the one row of `event_drain` is at work; killing it leaves nothing half done.
The feed (server.events) comes first and last; between, listeners see the batch. They never see an event twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import peewee
import structlog

from server.core import tenancy
from server.core.errors import Unavailable
from server.core.telemetry import metrics
from server.events.service import draining
from server.events.service.draining import Drained
from server.webhooks.service import fan_out, standstill
from server.workflows.service import triggering, waits
from workers.stopping import Stop

#: Makes of a batch what it will, in the drain's transaction; tells how many deliveries each event became.
Listener = Callable[[Sequence[Drained]], Mapping[UUID, int]]
LISTENERS: Final[tuple[Listener, ...]] = (fan_out.listen, standstill.listen, waits.listen, triggering.listen)

_LARGEST: Final = 1000
#: What a batch should become at most, so that no transaction takes long.
_DELIVERIES: Final = 10_000
#: What a batch should take at most.
_LONG_S: Final = 1.0
#: Under load events are let come together for this long: a transaction costs the same for one and for fifty.
_GATHER_S: Final = 0.01
_POLL_S: Final = 1.0
_AWAY_S: Final = 0.5
_FAULT_S: Final = 5.0
_log = structlog.get_logger("drain")


class Drain:
    """Drains, a batch in each turn; `drained` is called after each batch that is committed."""

    def __init__(
        self,
        stop: Stop,
        *,
        listeners: Sequence[Listener] = LISTENERS,
        drained: Callable[[], object] = lambda: None,
    ) -> None:
        self._stop, self._listeners, self._drained = stop, listeners, drained
        self._limit = 100
        self._began = 0.0
        self._away = False

    def turn(self) -> float:
        """Drain a batch; gives the seconds after which the next turn is due without a commit."""
        rest = self._began + _GATHER_S - time.monotonic()
        if rest > 0:
            self._stop.wait(rest)
        self._began = time.monotonic()
        limit = self._limit
        try:
            taken = self._batch()
        except Unavailable:
            if not self._away:
                _log.warning("away; events wait in the database", part="database")
            self._away = True
            return _AWAY_S
        except peewee.OperationalError as error:
            _log.warning("the drain was in the way of others; it tries again", error=str(error).partition("\n")[0])
            # A statement that took too long would do so again.
            self._limit = max(limit // 2, 1)
            return _GATHER_S
        except Exception as error:  # noqa: BLE001 - nothing may be passed over: it is tried until it is mended
            _log.exception("the drain failed; events wait", exc_info=error)
            return _FAULT_S
        if self._away:
            _log.info("back again", part="database")
        self._away = False
        return 0.0 if taken == limit else _POLL_S

    def _batch(self) -> int:
        matches: Counter[UUID] = Counter()
        with tenancy.transaction():
            batch = draining.take(self._limit)
            if not batch:
                return 0
            for listen in self._listeners:
                matches.update(listen(batch))
            draining.settle(batch, matches)
        self._drained()
        metrics.EVENTS_DRAINED.inc(len(batch))
        self._limit = min(max(_DELIVERIES * len(batch) // max(matches.total(), 1), 1), _LARGEST)
        took = time.monotonic() - self._began
        if took > _LONG_S:
            # Executions that events start are not among the matches.
            self._limit = max(min(self._limit, int(len(batch) * _LONG_S / took)), 1)
        return len(batch)
